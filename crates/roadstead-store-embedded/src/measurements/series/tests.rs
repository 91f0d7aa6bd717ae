//! What a read of one sensor decodes: a page or two, not the group.

use roadstead_model::SensorId;
use roadstead_store::contract::fleet::{Fleet, reading, second};
use tempfile::TempDir;

use super::*;

fn written(path: &Path, sensors: &[(SensorId, i64)]) -> Vec<Group> {
    let fleet = Fleet::new();
    let source = fleet.writes(fleet.device(1)).attribution();
    let mut writer = SeriesWriter::create(path, 60_000).unwrap();
    let mut position = roadstead_model::Position(0);
    for (sensor, rows) in sensors {
        for at in 0..*rows {
            let reading = reading(*sensor, at, 0.25);
            writer.push(&Measurement { position, reading, source, arrival: second(0) }).unwrap();
            position.0 += 1;
        }
    }
    let (bytes, groups) = writer.finish().unwrap();
    assert_eq!(bytes, fs::metadata(path).unwrap().len());
    groups
}

#[test]
fn a_read_of_one_sensor_takes_its_pages_alone() {
    let fleet = Fleet::new();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("1.parquet");
    let sensors = [1, 2, 3, 4].map(|number| (fleet.sensor(1, number), 20_000));
    let groups = written(&path, &sensors);
    assert_eq!(groups.iter().map(|group| group.rows).collect::<Vec<_>>(), [60_000, 20_000]);
    assert_eq!(groups[0].most, 20_000);
    assert_eq!(groups[0].sensors, (sensors[0].0.integer(), sensors[2].0.integer()));
    let footer = footer(&File::open(&path).unwrap()).unwrap();
    let rows = |from, to, groups: &[usize]| {
        let times = (second(from).micros(), second(to).micros());
        let wanted = Wanted { sensor: sensors[1].0, times, groups: groups.to_vec(), columns: &[] };
        select(footer.metadata(), &wanted).row_count()
    };
    assert!(rows(0, 20_000, &[0]) <= 20_000 + 2 * PAGE_ROWS);
    assert!(rows(9_000, 9_010, &[0]) <= 3 * PAGE_ROWS, "{}", rows(9_000, 9_010, &[0]));
    assert_eq!(rows(0, 20_000, &[1]), 0);
}

#[test]
fn a_file_that_is_not_finished_leaves_nothing() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("1.parquet");
    drop(SeriesWriter::create(&path, 100).unwrap());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

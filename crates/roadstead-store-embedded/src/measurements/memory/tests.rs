//! What a sealed table is to those who read it.

use roadstead_model::Principal;
use roadstead_store::Batch;
use roadstead_store::contract::fleet::{Fleet, reading, second};

use super::*;

#[test]
fn a_sealed_table_is_as_it_was_and_still_reads_in_order() {
    let fleet = Fleet::new();
    let (sensor, device) = (fleet.sensor(1, 1), fleet.device(1));
    let source =
        Attribution { principal: Principal::Device(device), ..fleet.writes(device).attribution() };
    let readings = [5, 9, 1, 7, 3, 8].map(|at| reading(sensor, at, 1.0)).to_vec();
    let batch = Batch { readings, arrival: second(9), retain: false, once: None };
    let mut memory = Memory::default();
    memory.apply(&Handed { source, first: Position(0), batch }, true);
    let table = memory.seal(2).table;
    assert_eq!(table.series[&sensor].late.len(), 4, "sealing moves nothing");
    let times = |rows: &mut dyn Iterator<Item = &Row>| rows.map(|row| row.time).collect::<Vec<_>>();
    let expected = |of: &[i64]| of.iter().map(|at| second(*at).micros()).collect::<Vec<_>>();
    assert_eq!(times(&mut table.all(sensor)), expected(&[1, 3, 5, 7, 8, 9]));
    let middle = (second(3).micros(), second(8).micros());
    assert_eq!(times(&mut table.sorted(sensor, middle)), expected(&[3, 5, 7]));
}

//! A name that no sensor has yet: it becomes one, within limits, after it was written down.

use roadstead_guard::{Permit, Write};
use roadstead_model::{DeviceId, Name, SensorId, SensorShape};
use roadstead_store::AuditEntry;

use super::{Intake, IntakeError, Named};
use crate::formats::{Entry, SensorRef, short};

impl Intake {
    /// Finds the sensor that an entry names, or makes it.
    pub(super) async fn find(
        &self,
        permit: &Permit<Write, DeviceId>,
        entry: &Entry,
        named: &mut Named,
    ) -> Result<SensorId, IntakeError> {
        if let Some(found) = named.known.get(&entry.sensor) {
            let sensor = found.clone()?;
            self.agree_on_unit(permit, entry, sensor)?;
            return Ok(sensor);
        }
        let found = self.look_up(permit, entry).await;
        named.known.insert(entry.sensor.clone(), found.clone());
        let sensor = found?;
        self.agree_on_unit(permit, entry, sensor)?;
        Ok(sensor)
    }

    async fn look_up(
        &self,
        permit: &Permit<Write, DeviceId>,
        entry: &Entry,
    ) -> Result<SensorId, IntakeError> {
        let directory = self.tools.catalog.directory();
        match &entry.sensor {
            SensorRef::Id(id) => {
                let unknown = || IntakeError::UnknownSensor(id.to_string().into());
                directory.sensor_of(permit, *id).map(|sensor| sensor.id).ok_or_else(unknown)
            }
            SensorRef::Name(name) => match directory.sensor_named(permit, name) {
                Some(sensor) => Ok(sensor),
                None => self.bring(permit, name, entry.unit.as_deref()).await,
            },
        }
    }

    async fn bring(
        &self,
        permit: &Permit<Write, DeviceId>,
        text: &str,
        unit: Option<&str>,
    ) -> Result<SensorId, IntakeError> {
        let name: Name =
            text.parse().map_err(|why| IntakeError::Name { name: short(text), why })?;
        let unit = unit.unwrap_or_default();
        let _one_at_a_time = self.bringing.lock().await;
        let directory = self.tools.catalog.directory();
        if let Some(sensor) = directory.sensor_named(permit, text) {
            return Ok(sensor);
        }
        if !permit.is_fresh(self.tools.guard.epoch()) {
            self.tools.guard.renew(&mut permit.clone())?;
        }
        self.has_room(permit, text)?;
        let now = self.tools.clock.now();
        let entry = AuditEntry::of(permit.caller(), now, "sensor.bring").on(permit.resource());
        let detail = serde_json::json!({ "name": text, "unit": unit });
        self.tools.audit.record(entry.saying(detail)).await?;
        let shape = SensorShape { name, unit: unit.to_owned(), quantity: String::new() };
        Ok(self.tools.catalog.bring_sensor(permit, shape).await?.id)
    }

    fn has_room(&self, permit: &Permit<Write, DeviceId>, name: &str) -> Result<(), IntakeError> {
        let directory = self.tools.catalog.directory();
        if !directory.may_bring_sensors(permit) {
            return Err(IntakeError::UnknownSensor(name.into()));
        }
        let (device, tenant) = directory.sensor_counts(permit);
        let limits = &self.tools.limits;
        if device >= limits.sensors_per_device {
            let limit = limits.sensors_per_device;
            return Err(IntakeError::DeviceFull { name: name.into(), limit });
        }
        if tenant >= limits.sensors_per_tenant {
            let limit = limits.sensors_per_tenant;
            return Err(IntakeError::TenantFull { name: name.into(), limit });
        }
        Ok(())
    }

    /// A value in another unit than the sensor's would be a wrong value.
    fn agree_on_unit(
        &self,
        permit: &Permit<Write, DeviceId>,
        entry: &Entry,
        sensor: SensorId,
    ) -> Result<(), IntakeError> {
        let Some(said) = entry.unit.as_deref().filter(|said| !said.is_empty()) else {
            return Ok(());
        };
        let Some(known) = self.tools.catalog.directory().sensor_of(permit, sensor) else {
            return Ok(());
        };
        let known = known.shape;
        if known.unit.is_empty() || known.unit == said {
            return Ok(());
        }
        let (sensor, known) = (known.name.as_str().into(), known.unit.into());
        Err(IntakeError::Unit { sensor, known, said: short(said) })
    }
}

//! Foreign clients, unmodified: hawkBit DDI, FlexMeasures, LeoCommon, indi-allsky, Azure IoT Hub, Kafka.
//!
//! One module each, and each only translates. None has moved in yet.

//! The checks that `roadstead prove` runs against a server, from outside.
//!
//! This room is empty until the first probe moves in; until then the tests under `tests/` show what is shown.

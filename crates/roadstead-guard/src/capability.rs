//! What can be done, as types: a permit for one cannot be given where another is wanted.

use roadstead_model::Capability;

mod sealed {
    pub trait Sealed {}
}

/// A capability at the level of types.
pub trait Can: sealed::Sealed + Send + Sync + 'static {
    /// The same capability as a value.
    const KIND: Capability;
}

macro_rules! capabilities {
    ($($name:ident)*) => {$(
        #[doc = concat!("[`Capability::", stringify!($name), "`] as a type.")]
        #[derive(Debug)]
        pub enum $name {}
        impl sealed::Sealed for $name {}
        impl Can for $name {
            const KIND: Capability = Capability::$name;
        }
    )*};
}

capabilities! { Read Write Actuate Update Manage Share Export Audit }

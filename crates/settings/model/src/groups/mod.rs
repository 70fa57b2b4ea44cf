//! One file per group of settings.

pub(crate) mod kernel;
pub(crate) mod network;
pub(crate) mod ntp;

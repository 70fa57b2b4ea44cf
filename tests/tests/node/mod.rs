//! Promises that are looked at on one node, which all these tests share and
//! leave as it is.

mod api;
mod boot;
mod devices;
mod domains;
mod isolation;
mod root;
mod selinux;
mod shell;

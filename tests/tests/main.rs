//! Tests that boot an image and exercise the node.
//!
//! They are one program, which runs as many at a time as there are processors, in the
//! order of their names: what takes longest comes first.

mod across_versions;
mod artefacts;
mod containers;
mod data_disk;
mod ecs;
mod installer;
mod integrity;
mod kubernetes;
mod lifecycle;
mod node;
mod policy;
mod variants;

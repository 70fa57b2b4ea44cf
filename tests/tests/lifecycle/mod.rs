//! What happens to a node over several boots.

mod changes;
mod history;
mod mistakes;
mod network;
mod platforms;

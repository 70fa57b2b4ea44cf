//! What happens to a node over several boots.

mod bad_user_data;
mod changes;
mod history;
mod network;
mod platforms;

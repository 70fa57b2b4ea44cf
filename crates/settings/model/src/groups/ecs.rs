//! `settings.ecs`: the agent of Amazon ECS.

use std::collections::BTreeMap;

use super::group;
use crate::values::choice;
use crate::{Bounded, EcsAttribute, EcsAttributeValue, GoDuration, SingleLineString, Url};

group! {
    /// The agent of Amazon ECS.
    Ecs {
        /// The name or ARN of the cluster to join. Unset means `default`.
        cluster: SingleLineString,
        /// Attributes of the container instance, by name. They are set when it
        /// joins the cluster, so a change needs a new instance. Unset adds none
        /// to those of the system.
        #[schemars(extend("x-name" = "attribute"))]
        instance_attributes: BTreeMap<EcsAttribute, EcsAttributeValue>,
        /// Whether tasks may run privileged containers. Unset means no.
        allow_privileged_containers: bool,
        /// Whether the instance is drained when EC2 announces the end of a Spot
        /// Instance. Unset means no.
        enable_spot_instance_draining: bool,
        /// Whether tasks in network mode `awsvpc` are kept from the instance
        /// metadata service. Unset means no.
        awsvpc_block_imds: bool,
        /// Whether each container gets a file about itself, whose path is in
        /// the environment variable `ECS_CONTAINER_METADATA_FILE`. Unset means
        /// no.
        enable_container_metadata: bool,
        /// Whether images that no task uses are removed. Unset means yes.
        image_cleanup_enabled: bool,
        /// The logging drivers that tasks may use. Unset means `json-file`,
        /// `awslogs` and `none`.
        logging_drivers: Vec<SingleLineString>,
        /// How much the agent writes to its log. Unset means `info`.
        loglevel: EcsLogLevel,
        /// When an image is pulled. Unset means `default`.
        image_pull_behavior: ImagePullBehavior,
        /// How long a container may take to stop before it is killed. Unset
        /// means `30s`.
        container_stop_timeout: GoDuration,
        /// How long the containers of a stopped task are kept. Unset means `3h`.
        task_cleanup_wait: GoDuration,
        /// How often unused images are looked for. Unset means `30m`.
        image_cleanup_wait: GoDuration,
        /// How old, counted from its pull, an unused image is before it may be
        /// removed. Unset means `1h`.
        image_cleanup_age: GoDuration,
        /// How many images are removed at a time. Unset means 5.
        image_cleanup_delete_per_cycle: i64,
        /// How many requests per second the task metadata service answers
        /// steadily. Needs `metadata-service-burst` beside it. Unset means 40.
        metadata_service_rps: i64,
        /// How many requests the task metadata service answers in a burst.
        /// Needs `metadata-service-rps` beside it. Unset means 60.
        metadata_service_burst: i64,
        /// Memory in MiB that no task gets, for the system. Unset means 0.
        reserved_memory: Bounded<0, 65535>,
        /// The endpoint of the ECS service, in place of the region's own. For
        /// tests of the agent.
        backend_host: Url,
    }
}

choice! {
    /// What the agent logs: a level, and those that are worse.
    EcsLogLevel {
        /// What keeps the agent from working.
        Crit = "crit",
        /// What is wrong.
        Error = "error",
        /// What may be wrong.
        Warn = "warn",
        /// What happens.
        Info = "info",
        /// What helps to find faults.
        Debug = "debug",
    }
}

choice! {
    /// When the agent pulls an image for a task.
    ImagePullBehavior {
        /// Always; if that fails, the copy on the instance is used.
        Default = "default",
        /// Always; if that fails, so does the task.
        Always = "always",
        /// Only if no task before has pulled it, or it was removed since.
        Once = "once",
        /// Only if it is not on the instance.
        PreferCached = "prefer-cached",
    }
}

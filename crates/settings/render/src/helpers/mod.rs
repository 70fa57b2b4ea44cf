//! What templates can do with values: those of Bottlerocket's templates, as
//! filters, functions and tests of minijinja.
//!
//! | Bottlerocket | here |
//! |---|---|
//! | `toml_encode` | `value \| toml`, for a whole document as for a value in one |
//! | (none) | `value \| json` |
//! | `base64_decode` | `text \| base64_decode` |
//! | `default`, `join_array` | `default`, `join` (minijinja's own) |
//! | `join_map` | `map \| join_map(between, inside)` |
//! | `if_not_null`, `is_null`, … | `is defined`, `is none`, `is string`, … (minijinja's own) |
//! | `any_enabled` | `map \| any_enabled` |
//! | `negate_or_else` | `value \| negate_or(other)` |
//! | `goarch` | `goarch()` |
//! | `is_ipv4`, `is_ipv6` | `is ipv4`, `is ipv6` |
//! | `cidr_to_ipaddr`, `replace_ipv4_octet` | filters of the same name |
//! | `ecr-prefix`, `tuf-prefix`, `metadata-prefix` | `region \| ecr_prefix`, `tuf_prefix`, `metadata_prefix` |
//! | `ecs_metadata_service_limits` | `ecs_metadata_service_limits(rate, burst)` |
//! | `join_node_taints` | `map \| node_taints`, a list |
//! | `kube_reserve_cpu`, `kube_reserve_memory` | `processors \| kube_reserve_cpu`, `max_pods \| kube_reserve_memory` |
//! | `localhost_aliases`, `etc_hosts_entries` | `hosts \| etc_hosts_entries` |
//! | `host` | `url \| host` |
//! | `oci_defaults` | `capabilities \| oci_capabilities`, `limits \| oci_rlimits` |

mod aws;
mod encode;
mod kubernetes;
mod lines;
mod network;
mod oci;
mod registries;
mod values;

use minijinja::{Environment, Error, ErrorKind};

/// Makes the helpers known to templates.
pub fn add_to(environment: &mut Environment<'_>) {
    aws::add_to(environment);
    encode::add_to(environment);
    kubernetes::add_to(environment);
    lines::add_to(environment);
    network::add_to(environment);
    oci::add_to(environment);
    registries::add_to(environment);
    values::add_to(environment);
}

/// The error of a helper. The reason must not hold the value.
fn refuse<T>(reason: &'static str) -> Result<T, Error> {
    Err(Error::new(ErrorKind::InvalidOperation, reason))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    /// Renders an expression over `settings`; the reason where that fails.
    pub fn evaluate(settings: &Value, expression: &str) -> Result<String, String> {
        let source = format!("{{{{ {expression} }}}}");
        let rendered = crate::render_str(settings, "t", &source);
        rendered.map_err(|e| e.to_string().replace("template `t`, line 1: ", ""))
    }

    /// A table of expressions and what they become.
    pub fn table(settings: &Value, cases: &[(&str, Result<&str, &str>)]) {
        for (expression, expected) in cases {
            let expected = expected.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(evaluate(settings, expression), expected, "{expression}");
        }
    }
}

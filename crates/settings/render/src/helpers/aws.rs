//! Addresses of AWS's services, by region.

use minijinja::{Environment, Error};

use super::refuse;

pub fn add_to(environment: &mut Environment<'_>) {
    environment.add_filter("ecr_prefix", ecr_prefix);
    environment.add_filter("tuf_prefix", |region: &str| updates(region, "targets"));
    environment.add_filter("metadata_prefix", |region: &str| {
        updates(region, "metadata")
    });
    environment.add_function("ecs_metadata_service_limits", ecs_metadata_service_limits);
}

/// The account that hosts Bottlerocket's images in the regions that are open
/// to all accounts.
const ACCOUNT: &str = "328549459982";

/// The registry of host containers in a region.
fn ecr_prefix(region: &str) -> Result<String, Error> {
    let domain = domain(region)?;
    Ok(format!("{ACCOUNT}.dkr.ecr.{region}.{domain}"))
}

/// The repository of updates, which a region's users reach nearby.
fn updates(region: &str, part: &str) -> Result<String, Error> {
    domain(region)?;
    Ok(format!(
        "https://updates.bottlerocket.aws/2020-07-07/{part}"
    ))
}

/// The domain of a region's partition.
fn domain(region: &str) -> Result<&'static str, Error> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if region.is_empty() || !region.chars().all(plain) {
        return refuse("the value is not a region of AWS");
    }
    Ok(match region.starts_with("cn-") {
        true => "amazonaws.com.cn",
        false => "amazonaws.com",
    })
}

/// `RATE,BURST` of the metadata service of ECS's agent, with its defaults where
/// one of them is not set.
fn ecs_metadata_service_limits(rate: Option<i64>, burst: Option<i64>) -> String {
    format!("{},{}", rate.unwrap_or(40), burst.unwrap_or(60))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::table;

    #[test]
    fn regions_have_their_addresses() {
        let settings = json!({"region": "eu-central-1", "rate": 7});
        table(
            &settings,
            &[
                (
                    "settings.region | ecr_prefix",
                    Ok("328549459982.dkr.ecr.eu-central-1.amazonaws.com"),
                ),
                (
                    "'cn-north-1' | ecr_prefix",
                    Ok("328549459982.dkr.ecr.cn-north-1.amazonaws.com.cn"),
                ),
                (
                    "'evil.example/' | ecr_prefix",
                    Err("invalid operation: the value is not a region of AWS"),
                ),
                (
                    "ecs_metadata_service_limits(settings.rate | default(none), none)",
                    Ok("7,60"),
                ),
            ],
        );
    }
}

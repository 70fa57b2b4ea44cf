//! What the firmware says of the machine (SMBIOS 3, structures 1 and 3).

use std::path::Path;

use crate::Platform;

/// A longer field is cut: SMBIOS strings are short.
const MAX_BYTES: usize = 4096;

/// The fields that clouds can be told by; empty where there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dmi {
    /// The manufacturer of the system.
    pub sys_vendor: String,
    /// The product's name.
    pub product_name: String,
    /// The serial number.
    pub product_serial: String,
    /// The UUID.
    pub product_uuid: String,
    /// The asset tag of the enclosure.
    pub chassis_asset_tag: String,
}

impl Dmi {
    /// Reads the fields of a node whose `/sys` is below `root`. Machines
    /// without SMBIOS have none.
    pub fn read(root: &Path) -> files::Result<Self> {
        let field = |name: &str| {
            let path = root.join("sys/class/dmi/id").join(name);
            match files::read_limited(&path, MAX_BYTES) {
                Err(error) if error.is_not_found() => Ok(String::new()),
                read => Ok(String::from_utf8_lossy(&read?).trim().to_owned()),
            }
        };
        Ok(Self {
            sys_vendor: field("sys_vendor")?,
            product_name: field("product_name")?,
            product_serial: field("product_serial")?,
            product_uuid: field("product_uuid")?,
            chassis_asset_tag: field("chassis_asset_tag")?,
        })
    }

    /// The platform that a machine like this belongs to.
    pub fn platform(&self) -> Platform {
        if self.is_ec2() {
            Platform::Aws
        } else if self.chassis_asset_tag == AZURE_ASSET_TAG {
            Platform::Azure
        } else if self.product_name == "Google Compute Engine"
            || self.product_serial.starts_with("GoogleCloud-")
        {
            Platform::Gcp
        } else if self.is_open_stack() {
            Platform::OpenStack
        } else if self.sys_vendor == "VMware, Inc." {
            Platform::VMware
        } else if self.product_serial.starts_with("ds=nocloud") {
            Platform::NoCloud
        } else {
            Platform::Metal
        }
    }

    /// Instances of the Nitro system say so; the older ones (Xen) have a UUID
    /// that is their serial number and starts with `ec2`.
    fn is_ec2(&self) -> bool {
        let starts = |text: &str| {
            text.get(..3)
                .is_some_and(|start| start.eq_ignore_ascii_case("ec2"))
        };
        self.sys_vendor == "Amazon EC2"
            || starts(&self.product_uuid)
                && self.product_uuid.eq_ignore_ascii_case(&self.product_serial)
    }

    fn is_open_stack(&self) -> bool {
        let nova = ["OpenStack Nova", "OpenStack Compute"];
        let clouds = ["OpenTelekomCloud", "SAP CCloud VM", "HUAWEICLOUD"];
        nova.contains(&self.product_name.as_str())
            || nova.contains(&self.chassis_asset_tag.as_str())
            || clouds.contains(&self.chassis_asset_tag.as_str())
    }
}

/// All virtual machines of Azure have this one, and only they.
const AZURE_ASSET_TAG: &str = "7783-7084-3265-9085-8269-3286-77";

//! Virtual machines as VMware and others import them (OVF 1.1, DSP0243): a description, the
//! disk, and their digests, in one archive.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use tar::{Builder, EntryType, Header};
use tools::Tools;

use crate::{Error, Format, Image, qemu, sums};

const GIB: u64 = 1 << 30;

/// The machine that the description asks for.
const CPUS: u32 = 2;
const MEMORY_MIB: u32 = 4096;

pub(crate) fn make(image: &Image, to: &Path, tools: &Tools) -> Result<(), Error> {
    let stem = image.stem();
    let disk_name = format!("{stem}.{}", Format::Vmdk.ending());
    let disk = to.with_file_name(&disk_name);
    qemu::vmdk(image, &disk, tools)?;
    let size = files::at("examine", &disk, std::fs::metadata(&disk))?.len();
    let description = description(image, &disk_name, size);
    let description_name = format!("{stem}.ovf");
    let digest: String = sums::sha256(description.as_bytes())
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    let manifest = format!(
        "SHA256({description_name})= {digest}\nSHA256({disk_name})= {}\n",
        sums::of_file(&disk)?
    );
    let written = File::create(to).and_then(|file| {
        // The description has to come first.
        let mut archive = Builder::new(file);
        let mut small = |name: &str, text: &str| {
            let mut header = header(text.len() as u64, image.epoch);
            archive.append_data(&mut header, name, text.as_bytes())
        };
        small(&description_name, &description)?;
        small(&format!("{stem}.mf"), &manifest)?;
        let content = File::open(&disk)?;
        archive.append_data(&mut header(size, image.epoch), &disk_name, content)?;
        archive.into_inner()?.flush()
    });
    files::at("remove", &disk, std::fs::remove_file(&disk))?;
    files::at("write", to, written)?;
    Ok(())
}

fn header(size: u64, epoch: u64) -> Header {
    // What OVF asks for (ustar).
    let mut header = Header::new_ustar();
    header.set_entry_type(EntryType::Regular);
    header.set_size(size);
    header.set_mode(0o644);
    header.set_mtime(epoch);
    header.set_uid(0);
    header.set_gid(0);
    header
}

/// The description. Names hold nothing that XML would have to escape: letters, digits,
/// `-`, `.` and `+`.
fn description(image: &Image, disk_name: &str, disk_size: u64) -> String {
    let name = format!("bottlerocket-{}-{}", image.variant, image.architecture);
    let capacity = image.machine_disk / GIB;
    let version = &image.version;
    let system = match image.architecture.as_str() {
        "aarch64" => "arm-other5xlinux-64",
        _ => "other5xLinux64Guest",
    };
    let (data_disk, data_item) = match image.data_disk {
        Some(bytes) => (empty_disk(bytes / GIB), DATA_ITEM),
        None => (String::new(), ""),
    };
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1" xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData" xmlns:vssd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_VirtualSystemSettingData" xmlns:vmw="http://www.vmware.com/schema/ovf">
  <References>
    <File ovf:href="{disk_name}" ovf:id="file1" ovf:size="{disk_size}"/>
  </References>
  <DiskSection>
    <Info>Disks of the node</Info>
    <Disk ovf:capacity="{capacity}" ovf:capacityAllocationUnits="byte * 2^30" ovf:diskId="disk1" ovf:fileRef="file1" ovf:format="http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized"/>{data_disk}
  </DiskSection>
  <NetworkSection>
    <Info>Networks of the node</Info>
    <Network ovf:name="VM Network">
      <Description>Where the node asks for its address</Description>
    </Network>
  </NetworkSection>
  <VirtualSystem ovf:id="{name}">
    <Info>A node of Bottlerocket</Info>
    <Name>{name}-{version}</Name>
    <OperatingSystemSection ovf:id="101" vmw:osType="{system}">
      <Info>Bottlerocket OS {version}</Info>
      <Description>Linux, 64 bits</Description>
    </OperatingSystemSection>
    <VirtualHardwareSection ovf:transport="iso com.vmware.guestInfo">
      <Info>What the node needs</Info>
      <System>
        <vssd:ElementName>Virtual Hardware Family</vssd:ElementName>
        <vssd:InstanceID>0</vssd:InstanceID>
        <vssd:VirtualSystemIdentifier>{name}</vssd:VirtualSystemIdentifier>
        <vssd:VirtualSystemType>vmx-15</vssd:VirtualSystemType>
      </System>
      <Item>
        <rasd:AllocationUnits>hertz * 10^6</rasd:AllocationUnits>
        <rasd:Description>Processors</rasd:Description>
        <rasd:ElementName>{CPUS} processors</rasd:ElementName>
        <rasd:InstanceID>1</rasd:InstanceID>
        <rasd:ResourceType>3</rasd:ResourceType>
        <rasd:VirtualQuantity>{CPUS}</rasd:VirtualQuantity>
      </Item>
      <Item>
        <rasd:AllocationUnits>byte * 2^20</rasd:AllocationUnits>
        <rasd:Description>Memory</rasd:Description>
        <rasd:ElementName>{MEMORY_MIB} MiB of memory</rasd:ElementName>
        <rasd:InstanceID>2</rasd:InstanceID>
        <rasd:ResourceType>4</rasd:ResourceType>
        <rasd:VirtualQuantity>{MEMORY_MIB}</rasd:VirtualQuantity>
      </Item>
      <Item>
        <rasd:Address>0</rasd:Address>
        <rasd:Description>Controller of the disk</rasd:Description>
        <rasd:ElementName>SCSI controller 0</rasd:ElementName>
        <rasd:InstanceID>3</rasd:InstanceID>
        <rasd:ResourceSubType>VirtualSCSI</rasd:ResourceSubType>
        <rasd:ResourceType>6</rasd:ResourceType>
      </Item>
      <Item>
        <rasd:AddressOnParent>0</rasd:AddressOnParent>
        <rasd:ElementName>Disk 1</rasd:ElementName>
        <rasd:HostResource>ovf:/disk/disk1</rasd:HostResource>
        <rasd:InstanceID>4</rasd:InstanceID>
        <rasd:Parent>3</rasd:Parent>
        <rasd:ResourceType>17</rasd:ResourceType>
      </Item>
      <Item>
        <rasd:AddressOnParent>7</rasd:AddressOnParent>
        <rasd:AutomaticAllocation>true</rasd:AutomaticAllocation>
        <rasd:Connection>VM Network</rasd:Connection>
        <rasd:Description>Network card</rasd:Description>
        <rasd:ElementName>Network card 1</rasd:ElementName>
        <rasd:InstanceID>5</rasd:InstanceID>
        <rasd:ResourceSubType>VmxNet3</rasd:ResourceSubType>
        <rasd:ResourceType>10</rasd:ResourceType>
      </Item>{data_item}
      <vmw:Config ovf:required="false" vmw:key="firmware" vmw:value="efi"/>
      <vmw:Config ovf:required="false" vmw:key="bootOptions.efiSecureBootEnabled" vmw:value="false"/>
    </VirtualHardwareSection>
    <ProductSection>
      <Info>What the node is told</Info>
      <Product>Bottlerocket</Product>
      <Version>{version}</Version>
      <Property ovf:key="user-data" ovf:type="string" ovf:userConfigurable="true">
        <Label>User data</Label>
        <Description>Settings in TOML, in base64; may be packed with gzip before</Description>
      </Property>
    </ProductSection>
  </VirtualSystem>
</Envelope>
"#
    )
}

/// A disk without a file is empty (DSP0243, section 9.1).
fn empty_disk(gib: u64) -> String {
    format!(
        r#"
    <Disk ovf:capacity="{gib}" ovf:capacityAllocationUnits="byte * 2^30" ovf:diskId="disk2" ovf:format="http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized"/>"#
    )
}

const DATA_ITEM: &str = "
      <Item>
        <rasd:AddressOnParent>1</rasd:AddressOnParent>
        <rasd:ElementName>Disk 2</rasd:ElementName>
        <rasd:HostResource>ovf:/disk/disk2</rasd:HostResource>
        <rasd:InstanceID>6</rasd:InstanceID>
        <rasd:Parent>3</rasd:Parent>
        <rasd:ResourceType>17</rasd:ResourceType>
      </Item>";

#[cfg(test)]
mod tests {
    use roxmltree::Document;

    use super::*;
    use crate::tests::image;

    const OVF: &str = "http://schemas.dmtf.org/ovf/envelope/1";
    const RASD: &str =
        "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData";

    #[test]
    fn what_a_description_refers_to_is_there() {
        for data_disk in [None, Some(20 << 30)] {
            let image = Image {
                data_disk,
                ..image("disk".as_ref())
            };
            check(&description(&image, "name.vmdk", 123), data_disk.is_some());
        }
    }

    fn check(text: &str, has_data_disk: bool) {
        let document = Document::parse(text).unwrap();
        let all = |name: &str| -> Vec<_> {
            document
                .descendants()
                .filter(|n| n.has_tag_name((OVF, name)))
                .collect()
        };
        let attribute = |name: &str, of: &str| {
            let found = all(of)[0].attribute((OVF, name));
            found.unwrap().to_owned()
        };
        assert_eq!(attribute("href", "File"), "name.vmdk");
        assert_eq!(attribute("size", "File"), "123");
        assert_eq!(attribute("fileRef", "Disk"), attribute("id", "File"));
        assert_eq!(attribute("capacity", "Disk"), "24");
        let resources: Vec<_> = document
            .descendants()
            .filter(|n| n.has_tag_name((RASD, "HostResource")))
            .filter_map(|n| n.text())
            .collect();
        let disks: Vec<_> = all("Disk")
            .iter()
            .map(|disk| format!("ovf:/disk/{}", disk.attribute((OVF, "diskId")).unwrap()))
            .collect();
        assert_eq!(resources, disks);
        if has_data_disk {
            let data = all("Disk")[1];
            assert_eq!(data.attribute((OVF, "capacity")), Some("20"));
            assert_eq!(data.attribute((OVF, "fileRef")), None);
        }
        let connection = document
            .descendants()
            .find(|n| n.has_tag_name((RASD, "Connection")));
        let network = attribute("name", "Network");
        assert_eq!(connection.and_then(|n| n.text()), Some(network.as_str()));
        let mut numbers = Vec::new();
        for item in all("Item") {
            let names: Vec<_> = item.children().filter(|n| n.is_element()).collect();
            let names: Vec<_> = names.iter().map(|n| n.tag_name().name()).collect();
            // The schema of CIM has them in the order of the alphabet.
            assert!(names.is_sorted(), "{names:?}");
            let number = item
                .children()
                .find(|n| n.has_tag_name((RASD, "InstanceID")));
            numbers.push(number.unwrap().text().unwrap());
        }
        let expected = ["1", "2", "3", "4", "5", "6"];
        assert_eq!(numbers, expected[..5 + usize::from(has_data_disk)]);
    }
}

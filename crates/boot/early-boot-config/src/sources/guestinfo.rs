//! VMware: what its administrators set as `guestinfo.*` of a virtual machine.

use apiclient::Layer;

use super::{Error, Source, UserData, ovf};

const USER_DATA: &str = "guestinfo.userdata";
const ENCODING: &str = "guestinfo.userdata.encoding";
const OVF_ENVIRONMENT: &str = "guestinfo.ovfEnv";

/// The values of `guestinfo.userdata.encoding`. How it is packed is also seen
/// on the data itself; another value is a mistake that is better reported.
const ENCODINGS: [&str; 6] = ["", "base64", "b64", "gzip+base64", "gz+b64", "gzip"];

/// Who can be asked for the value of a key.
pub trait GuestInfo: std::fmt::Debug {
    /// The value of a key, `None` if it has none.
    ///
    /// # Errors
    ///
    /// What went wrong, as text.
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String>;
}

/// The user data of a virtual machine: what stands there as such, or else in
/// its OVF environment.
#[derive(Debug)]
pub struct GuestInfoSource<G>(pub G);

impl<G: GuestInfo> GuestInfoSource<G> {
    fn get(&self, key: &'static str) -> Result<Option<Vec<u8>>, Error> {
        let value = self.0.get(key);
        let value = value.map_err(|reason| Error::GuestInfo { key, reason })?;
        Ok(value.filter(|value| !value.trim_ascii().is_empty()))
    }
}

impl<G: GuestInfo> Source for GuestInfoSource<G> {
    fn fetch(&self) -> Result<Option<UserData>, Error> {
        let Some(bytes) = self.get(USER_DATA)? else {
            return match self.get(OVF_ENVIRONMENT)? {
                Some(document) => ovf::user_data(OVF_ENVIRONMENT, &document),
                None => Ok(None),
            };
        };
        let encoding = self.get(ENCODING)?.unwrap_or_default();
        let encoding = String::from_utf8_lossy(encoding.trim_ascii());
        if !ENCODINGS.contains(&&*encoding) {
            let known = ENCODINGS[1..].join(", ");
            return Err(Error::GuestInfo {
                key: ENCODING,
                reason: format!(
                    "nothing is known about `{}`; hint: use one of {known}",
                    encoding.escape_debug()
                ),
            });
        }
        Ok(Some(UserData {
            origin: USER_DATA.to_owned(),
            bytes,
            layer: Layer::UserData,
        }))
    }
}

/// The hypervisor, asked through the I/O port that it keeps for its guests
/// (the "VMXh backdoor"). Only to be asked where it is VMware's: elsewhere the
/// processor ends who touches the port.
#[derive(Debug, Clone, Copy)]
pub struct Backdoor;

impl GuestInfo for Backdoor {
    #[cfg(target_arch = "x86_64")]
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
        if !vmw_backdoor::is_vmware_cpu() {
            return Ok(nothing("the hypervisor is not VMware's"));
        }
        // A locked-down kernel grants no I/O ports, and this one needs no grant.
        let mut access = vmw_backdoor::access_backdoor().map_err(|e| e.to_string())?;
        let mut channel = access.open_enhanced_chan().map_err(|e| e.to_string())?;
        channel
            .get_guestinfo(key.as_bytes())
            .map_err(|e| e.to_string())
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn get(&self, _key: &str) -> Result<Option<Vec<u8>>, String> {
        Ok(nothing(
            "on this architecture it is not known how to ask for it",
        ))
    }
}

/// Where nobody can be asked, there is still what lies on a disc.
fn nothing(reason: &str) -> Option<Vec<u8>> {
    tracing::warn!("no guestinfo is read: {reason}");
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Fake(&'static [(&'static str, &'static str)]);

    impl GuestInfo for Fake {
        fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
            let value = self.0.iter().find(|(k, _)| *k == key).map(|(_, v)| *v);
            match value {
                Some("fail") => Err("the port is shut".to_owned()),
                value => Ok(value.map(|value| value.as_bytes().to_vec())),
            }
        }
    }

    fn fetch(values: &'static [(&str, &str)]) -> Result<Option<(String, String)>, String> {
        match GuestInfoSource(Fake(values)).fetch() {
            Ok(found) => Ok(found.map(|data| {
                let text = String::from_utf8(data.bytes).unwrap();
                (data.origin, text)
            })),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn user_data_is_found() {
        assert_eq!(fetch(&[]).unwrap(), None);
        assert_eq!(fetch(&[(USER_DATA, " \n")]).unwrap(), None);
        let expected = Some((USER_DATA.to_owned(), "data".to_owned()));
        assert_eq!(fetch(&[(USER_DATA, "data")]).unwrap(), expected);
        assert_eq!(
            fetch(&[(USER_DATA, "data"), (ENCODING, "gzip+base64\n")]).unwrap(),
            expected
        );
        let environment = r#"<e:Environment xmlns:e="http://schemas.dmtf.org/ovf/environment/1">
            <e:Property e:key="user-data" e:value="data"/></e:Environment>"#;
        let (origin, text) = fetch(Box::leak(Box::new([(OVF_ENVIRONMENT, environment)])))
            .unwrap()
            .unwrap();
        assert_eq!(origin, "property user-data in guestinfo.ovfEnv");
        assert_eq!(text, "data");
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (values, reason) in [
            (
                &[(USER_DATA, "fail")][..],
                "guestinfo.userdata from the hypervisor: the port is shut",
            ),
            (
                &[(USER_DATA, "x"), (ENCODING, "rot13")],
                "nothing is known about `rot13`",
            ),
            (
                &[(OVF_ENVIRONMENT, "x")],
                "guestinfo.ovfEnv: it is not an OVF environment",
            ),
        ] {
            let error = fetch(values).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn elsewhere_nobody_is_asked() {
        // Asking would end the process.
        assert_eq!(Backdoor.get(USER_DATA), Ok(None));
    }
}

use std::fs;

use super::*;

const PIECES: usize = 3;

const WIPE: Options = Options {
    wipe: true,
    user_data: None,
};

fn image(folder: &Path) -> (PathBuf, Vec<u8>) {
    let mut bytes = vec![0; (PIECES << 20) + 512];
    bytes[..4].copy_from_slice(b"boot");
    let last = bytes.len() - 1;
    bytes[last] = 7;
    let path = folder.join("image.img");
    fs::write(&path, &bytes).unwrap();
    (path, bytes)
}

#[test]
fn an_image_is_written_over_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let (image, bytes) = image(folder.path());
    let disk = folder.path().join("disk");
    let mut stages = Vec::new();
    flash(&image, &disk, &Options::default(), |progress| {
        stages.push(progress)
    })
    .unwrap();
    assert!(fs::read(&disk).unwrap() == bytes);
    let count = |stage| stages.iter().filter(|p| p.stage == stage).count();
    assert_eq!((count(Stage::Writing), count(Stage::Verifying)), (4, 4));
    let all = bytes.len() as u64;
    assert_eq!(
        stages.last().map(|p| (p.done, p.all)),
        Some((all, Some(all)))
    );

    // A part of what was there would be taken for a part of the image.
    let mut old = vec![0xff; bytes.len() + (1 << 20)];
    old[510..512].copy_from_slice(&[0x55, 0xaa]);
    fs::write(&disk, &old).unwrap();
    let refused = flash(&image, &disk, &Options::default(), |_| {});
    assert!(matches!(refused, Err(Error::HasData { .. })), "{refused:?}");
    assert!(
        fs::read(&disk).unwrap() == old,
        "a refused disk is as it was"
    );
    flash(&image, &disk, &WIPE, |_| {}).unwrap();
    assert!(fs::read(&disk).unwrap() == bytes);
}

#[test]
fn what_is_no_image_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().join("disk");
    let damaged = folder.path().join("damaged.img.zst");
    fs::write(&damaged, b"not compressed").unwrap();
    let error = flash(&damaged, &disk, &Options::default(), |_| {}).unwrap_err();
    assert!(matches!(error, Error::Image { .. }), "{error}");
    let absent = folder.path().join("absent.img");
    let error = flash(&absent, &disk, &Options::default(), |_| {})
        .unwrap_err()
        .to_string();
    assert!(error.contains("absent.img"), "{error}");
}

#[test]
fn user_data_is_of_a_size() {
    let options = Options {
        user_data: Some(UserData::Document(vec![b' '; MAX_USER_DATA + 1])),
        ..Options::default()
    };
    let error = flash("absent".as_ref(), "absent".as_ref(), &options, |_| {}).unwrap_err();
    assert!(matches!(error, Error::UserData(_)), "{error}");
}

#[test]
fn a_disk_without_room_for_user_data_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (image, bytes) = image(folder.path());
    let path = folder.path().join("disk");
    let before = vec![9; bytes.len() + 512];
    fs::write(&path, &before).unwrap();
    let mut disk = Disk::open(&path).unwrap();
    disk.is_file = false;
    let write = |left| write::write(&image, &disk, left, &mut |_| {});
    assert!(matches!(write(513), Err(Error::TooSmall { .. })));
    assert!(fs::read(&path).unwrap() == before);
    assert_eq!(write(512).unwrap(), bytes.len() as u64);
}

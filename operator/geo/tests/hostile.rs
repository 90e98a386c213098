//! Databases of a few hundred bytes that stand for more networks than there are atoms.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use bund_geo::read;

/// A database of these nodes, each of two numbers of nodes; the number of nodes itself is no data, and more is data.
fn database(nodes: &[[u32; 2]]) -> Vec<u8> {
    // {"country_code": "CN"}
    database_of(nodes, b"\xe1\x4ccountry_code\x42CN")
}

/// The same with these data.
fn database_of(nodes: &[[u32; 2]], data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for pointer in nodes.iter().flatten() {
        bytes.extend(&pointer.to_be_bytes()[1..]);
    }
    bytes.extend([0; 16]);
    bytes.extend(data);
    bytes.extend(b"\xab\xcd\xefMaxMind.com\xe9");
    bytes.extend(b"\x5bbinary_format_major_version\xa1\x02\x5bbinary_format_minor_version\xa0");
    bytes.extend(b"\x4bbuild_epoch\x08\x02\0\0\0\0\x6a\0\0\0\x4ddatabase_type\x4cTest-Country");
    bytes.extend(b"\x4bdescription\xe0\x4aip_version\xa1\x06\x49languages\x00\x04");
    bytes.extend(b"\x4anode_count\xc4");
    bytes.extend(u32::try_from(nodes.len()).unwrap().to_be_bytes());
    bytes.extend(b"\x4brecord_size\xa1\x18");
    bytes
}

/// `depth` nodes of which both sides lead to the next, and from the last to `end`.
fn ladder(depth: u32, end: u32) -> Vec<[u32; 2]> {
    (1..depth).map(|next| [next; 2]).chain([[end; 2]]).collect()
}

fn refused(nodes: &[[u32; 2]]) -> String {
    refused_bytes(&database(nodes))
}

fn refused_bytes(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mmdb");
    std::fs::write(&path, bytes).unwrap();
    read(&path, None).unwrap_err().to_string()
}

#[test]
fn a_small_one_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mmdb");
    // Data begin after the nodes and sixteen bytes.
    std::fs::write(&path, database(&ladder(4, 4 + 16))).unwrap();
    assert_eq!(read(&path, None).unwrap().ranges(), 2);
}

#[test]
fn more_networks_than_there_is_time_to_count_are_refused() {
    let many = "more networks than a database of countries of its size";
    let all = |end| refused(&ladder(128, end));
    assert!(all(128 + 16).contains(many), "each is one country: {}", all(128 + 16));
    assert!(all(128).contains(many), "none has data: {}", all(128));
    // Both sides of each node lead to where IPv4 begins: networks that only repeat it.
    let mut repeating = ladder(96, 96);
    repeating.push([97 + 16, 97]);
    assert!(refused(&repeating).contains(many), "{}", refused(&repeating));
}

#[test]
fn a_tree_that_goes_round_is_refused() {
    for nodes in [vec![[0, 0]], vec![[1, 1], [0, 0]], vec![[1, 0], [2, 1], [1, 20]]] {
        let error = refused(&nodes);
        assert!(error.contains("it is no whole MaxMind DB"), "{error}");
    }
}

#[test]
fn a_pointer_out_of_the_data_is_refused() {
    for end in [1 + 16 + 400, 1 + 8, 0x00ff_ffff] {
        let error = refused(&[[end, end]]);
        assert!(error.contains("it is no whole MaxMind DB"), "{end}: {error}");
    }
}

#[test]
fn a_record_that_is_deeper_than_a_stack_is_refused() {
    let nodes = ladder(4, 4 + 16);
    // {"country": {"a": {"a": …}}}, {"country": [[…]]}, and a pointer to itself.
    let maps = b"\xe1\x47country".iter().chain(b"\xe1\x41a".repeat(100_000).iter()).copied().collect();
    let arrays = b"\xe1\x47country".iter().chain(b"\x01\x04".repeat(100_000).iter()).copied().collect();
    for data in [maps, arrays, b"\xe1\x47country\x20\x00".to_vec(), b"\x20\x00".to_vec()] {
        let error = refused_bytes(&database_of(&nodes, &data));
        assert!(error.contains("a.mmdb: ") && error.contains("; "), "{error}");
    }
}

//! Comparing container images with entries of a table.

/// Whether the repository of `image` ends in `entry`, whole path segments at a time: registries, mirrors, tags and
/// digests differ, the end of the path names the program.
pub fn is_of(image: &str, entry: &str) -> bool {
    let repository = repository(image);
    repository == entry || repository.strip_suffix(entry).is_some_and(|before| before.ends_with('/'))
}

/// An image without tag and digest.
fn repository(image: &str) -> &str {
    let image = image.split_once('@').map_or(image, |(before, _)| before);
    match image.rsplit_once(':') {
        // A colon before the last slash is that of a registry's port.
        Some((before, tag)) if !tag.contains('/') => before,
        _ => image,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_segments_at_the_end_of_the_repository_count() {
        for image in [
            "postgres",
            "postgres:16-alpine",
            "mirror.local:5000/library/postgres",
            "mirror.local:5000/library/postgres:16@sha256:00",
        ] {
            assert!(is_of(image, "postgres"), "{image}");
        }
        for image in
            ["postgres-exporter:1", "mypostgres", "postgres/exporter", "postgres.local/app:postgres", ""]
        {
            assert!(!is_of(image, "postgres"), "{image}");
        }
        assert!(is_of("mirror.local/hub/calico/node:v3", "calico/node"));
        assert!(!is_of("mirror.local/hub/my-calico/node:v3", "calico/node"));
    }
}

// The custom resource definitions of volume snapshots, which are files of this module. Nothing is built.
module bund.dev/e2e/tools/external-snapshotter

go 1.26.0

require github.com/kubernetes-csi/external-snapshotter/client/v8 v8.7.0

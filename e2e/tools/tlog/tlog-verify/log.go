package main

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api/layout"
	"github.com/transparency-dev/tessera/client"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// height is that of the tiles of c2sp.org/tlog-tiles: 256 hashes wide.
const height = 8

// checkLog checks a whole log against the signed root, and against what it signed before.
func checkLog(directory string, verifiers []note.Verifier, older, proofs paths, sample int64) error {
	signed, err := readCheckpoint(filepath.Join(directory, layout.CheckpointPath), verifiers)
	if err != nil {
		return err
	}
	files := client.FileFetcher{Root: directory}
	entries, err := readEntries(files, signed.tree.N)
	if err != nil {
		return err
	}
	if err := checkTiles(files, entries, signed.tree); err != nil {
		return err
	}
	if err := checkInclusion(files, entries, signed.tree, sample); err != nil {
		return err
	}
	known := []checkpoint{signed}
	for _, path := range older {
		old, err := readCheckpoint(path, verifiers)
		if err != nil {
			return err
		}
		known = append(known, old)
	}
	entryAt := func(index int64, _ []byte) ([]byte, error) {
		if index >= int64(len(entries)) {
			return nil, fmt.Errorf("entry %d is not in the log, which has %d", index, len(entries))
		}
		return entries[index], nil
	}
	for _, path := range proofs {
		within, err := checkProof(path, verifiers, entryAt)
		if err != nil {
			return err
		}
		known = append(known, within)
	}
	if err := checkConsistency(files, signed, known); err != nil {
		return err
	}
	fmt.Printf("%s: all %d entries are in %s, root %v\n", directory, signed.tree.N, signed.origin, signed.tree.Hash)
	return nil
}

// readEntries reads every entry of a log of this size, in order.
func readEntries(files client.FileFetcher, size int64) ([][]byte, error) {
	var entries [][]byte
	for bundle := uint64(0); int64(len(entries)) < size; bundle++ {
		read, err := client.GetEntryBundle(context.Background(), files.ReadEntryBundle, bundle, uint64(size))
		if err != nil {
			return nil, err
		}
		want := min(size-int64(len(entries)), layout.EntryBundleWidth)
		if got := int64(len(read.Entries)); got != want && got != layout.EntryBundleWidth {
			return nil, fmt.Errorf("entry bundle %d has %d entries instead of %d", bundle, got, want)
		}
		entries = append(entries, read.Entries[:want]...)
	}
	return entries, nil
}

// checkTiles computes the tree from the entries alone: its root must be the signed one, and every tile as computed.
func checkTiles(files client.FileFetcher, entries [][]byte, tree tlog.Tree) error {
	var stored []tlog.Hash
	computed := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		hashes := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			hashes[i] = stored[index]
		}
		return hashes, nil
	})
	for index, entry := range entries {
		hashes, err := tlog.StoredHashes(int64(index), entry, computed)
		if err != nil {
			return err
		}
		stored = append(stored, hashes...)
	}
	root, err := tlog.TreeHash(tree.N, computed)
	if err != nil {
		return err
	}
	if root != tree.Hash {
		return fmt.Errorf("the entries have root %v, signed is %v", root, tree.Hash)
	}
	for _, tile := range tlog.NewTiles(height, 0, tree.N) {
		want, err := tlog.ReadTileData(tile, computed)
		if err != nil {
			return err
		}
		got, err := readTile(files, tile)
		if err != nil {
			return err
		}
		if !bytes.Equal(got, want) {
			return fmt.Errorf("tile %d of level %d is not what its entries give", tile.N, tile.L)
		}
	}
	return nil
}

// checkInclusion proves entries from the tiles, with two libraries.
func checkInclusion(files client.FileFetcher, entries [][]byte, tree tlog.Tree, sample int64) error {
	step := int64(1)
	if sample > 0 {
		step = max(1, tree.N/sample)
	}
	reader := tlog.TileHashReader(tree, tileReader{files})
	builder, err := client.NewProofBuilder(context.Background(), uint64(tree.N), files.ReadTile)
	if err != nil {
		return err
	}
	check := func(index int64) error {
		leaf := tlog.RecordHash(entries[index])
		path, err := tlog.ProveRecord(tree.N, index, reader)
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(path, tree.N, tree.Hash, index, leaf); err != nil {
			return err
		}
		second, err := builder.InclusionProof(context.Background(), uint64(index))
		if err != nil {
			return err
		}
		hasher := rfc6962.DefaultHasher
		return proof.VerifyInclusion(hasher, uint64(index), uint64(tree.N), leaf[:], second, tree.Hash[:])
	}
	for index := int64(0); index < tree.N; index += step {
		if err := check(index); err != nil {
			return fmt.Errorf("entry %d: %w", index, err)
		}
	}
	if err := check(tree.N - 1); err != nil {
		return fmt.Errorf("the last entry: %w", err)
	}
	return nil
}

// checkConsistency proves of every two checkpoints that the larger one only added entries.
func checkConsistency(files client.FileFetcher, signed checkpoint, known []checkpoint) error {
	reader := tlog.TileHashReader(signed.tree, tileReader{files})
	builder, err := client.NewProofBuilder(context.Background(), uint64(signed.tree.N), files.ReadTile)
	if err != nil {
		return err
	}
	for _, old := range known {
		if old.origin != signed.origin {
			return fmt.Errorf("%s is of %s, not of %s", old.path, old.origin, signed.origin)
		}
		if old.tree.N > signed.tree.N {
			return fmt.Errorf("%s has %d entries, the log has %d", old.path, old.tree.N, signed.tree.N)
		}
		for _, new := range known {
			if old.tree.N > new.tree.N {
				continue
			}
			if err := checkPair(reader, builder, old.tree, new.tree); err != nil {
				return fmt.Errorf("%s to %s: %w", old.path, new.path, err)
			}
		}
	}
	return nil
}

// checkPair proves with two libraries that a tree grew from another.
func checkPair(reader tlog.HashReader, builder *client.ProofBuilder, old, new tlog.Tree) error {
	path, err := tlog.ProveTree(new.N, old.N, reader)
	if err != nil {
		return err
	}
	if err := tlog.CheckTree(path, new.N, new.Hash, old.N, old.Hash); err != nil {
		return err
	}
	second, err := builder.ConsistencyProof(context.Background(), uint64(old.N), uint64(new.N))
	if err != nil {
		return err
	}
	hasher := rfc6962.DefaultHasher
	return proof.VerifyConsistency(hasher, uint64(old.N), uint64(new.N), second, old.Hash[:], new.Hash[:])
}

// tileReader gives tiles to tlog, whose own paths name the height too.
type tileReader struct{ files client.FileFetcher }

func (r tileReader) Height() int                             { return height }
func (r tileReader) SaveTiles(tiles []tlog.Tile, _ [][]byte) {}

func (r tileReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		data, err := readTile(r.files, tile)
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

// readTile reads a tile, or that part of the full one. tlog asks for exactly as many hashes as it names.
func readTile(files client.FileFetcher, tile tlog.Tile) ([]byte, error) {
	data, err := files.ReadTile(context.Background(), uint64(tile.L), uint64(tile.N), uint8(tile.W))
	if err != nil {
		return nil, err
	}
	want := tile.W * tlog.HashSize
	if len(data) != want && len(data) != tlog.HashSize<<height {
		return nil, fmt.Errorf("tile %d of level %d has %d bytes instead of %d", tile.N, tile.L, len(data), want)
	}
	return data[:want], nil
}

// tlog-verify checks a transparency log in the layout of c2sp.org/tlog-tiles with what others wrote and Bund does not
// use: golang.org/x/mod/sumdb, transparency-dev/merkle, transparency-dev/formats and the client of tessera.
//
//	tlog-verify -key FILE [-older FILE]… [-proof FILE]… [-sample N] DIRECTORY
//	tlog-verify -key FILE [-entry FILE] -proof FILE
//
// The first form checks a whole log: the signature, every entry and tile against the signed root, N inclusion proofs,
// consistency with older checkpoints, and proof files about its entries. The second form checks one proof file by itself,
// about the entry in a file, or about the one that it carries, which is printed. It exits with 0 if all of it holds, with
// 1 otherwise.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"strings"

	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/formats/proof"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// paths is a flag that may be given several times.
type paths []string

func (p *paths) String() string         { return strings.Join(*p, " ") }
func (p *paths) Set(value string) error { *p = append(*p, value); return nil }

func main() {
	var keys, older, proofs paths
	flag.Var(&keys, "key", "a file with a verifier key; if given several times, any one of them must have signed")
	flag.Var(&older, "older", "an older signed checkpoint of the log")
	flag.Var(&proofs, "proof", "a c2sp.org/tlog-proof@v1 file")
	entry := flag.String("entry", "", "the entry that -proof is about, byte for byte")
	sample := flag.Int64("sample", 1000, "how many entries get an inclusion proof, evenly spread; 0 for all")
	flag.Parse()
	if err := run(keys, older, proofs, *entry, *sample, flag.Args()); err != nil {
		fmt.Fprintf(os.Stderr, "tlog-verify: %v\n", err)
		os.Exit(1)
	}
}

func run(keys, older, proofs paths, entry string, sample int64, directories []string) error {
	verifiers, err := readKeys(keys)
	if err != nil {
		return err
	}
	switch {
	case len(proofs) == 1 && len(older) == 0 && len(directories) == 0:
		return checkAlone(proofs[0], verifiers, entry)
	case entry == "" && len(directories) == 1:
		return checkLog(directories[0], verifiers, older, proofs, sample)
	}
	flag.Usage()
	return errors.New("give a directory, or one -proof")
}

// checkpoint is what a log signed: of this size, with this root.
type checkpoint struct {
	path, origin string
	tree         tlog.Tree
}

func readKeys(files paths) ([]note.Verifier, error) {
	if len(files) == 0 {
		return nil, errors.New("give -key, without it nothing can be trusted")
	}
	var verifiers []note.Verifier
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		verifier, err := note.NewVerifier(strings.TrimSpace(string(text)))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		verifiers = append(verifiers, verifier)
	}
	return verifiers, nil
}

func readCheckpoint(path string, verifiers []note.Verifier) (checkpoint, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return checkpoint{}, err
	}
	return openCheckpoint(path, text, verifiers)
}

// openCheckpoint parses a checkpoint that one of the keys signed. The name of a key is the origin of its log.
func openCheckpoint(path string, text []byte, verifiers []note.Verifier) (checkpoint, error) {
	var reasons []error
	for _, verifier := range verifiers {
		signed, rest, _, err := log.ParseCheckpoint(text, verifier.Name(), verifier)
		switch {
		case err != nil:
			reasons = append(reasons, err)
		case len(rest) != 0 || len(signed.Hash) != tlog.HashSize || signed.Size == 0 || signed.Size > math.MaxInt64:
			return checkpoint{}, fmt.Errorf("%s: signed, but no checkpoint of a log with entries", path)
		default:
			tree := tlog.Tree{N: int64(signed.Size), Hash: tlog.Hash(signed.Hash)}
			return checkpoint{path, signed.Origin, tree}, nil
		}
	}
	return checkpoint{}, fmt.Errorf("%s: %w", path, errors.Join(reasons...))
}

// checkAlone checks a proof file without its log.
func checkAlone(path string, verifiers []note.Verifier, entry string) error {
	_, err := checkProof(path, verifiers, func(_ int64, carried []byte) ([]byte, error) {
		if entry != "" {
			return os.ReadFile(entry)
		}
		if carried == nil {
			return nil, errors.New("it carries no entry, give -entry")
		}
		fmt.Printf("%s\n", carried)
		return carried, nil
	})
	return err
}

// checkProof checks that a proof file proves an entry at its index, and gives the checkpoint in it. A proof may carry its
// entry as what c2sp.org/tlog-proof calls extra data, which counts for nothing until it was hashed.
func checkProof(path string, verifiers []note.Verifier, entryAt func(int64, []byte) ([]byte, error)) (checkpoint, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return checkpoint{}, err
	}
	var parsed proof.TLogProof
	if err := parsed.Unmarshal(text); err != nil {
		return checkpoint{}, fmt.Errorf("%s: %w", path, err)
	}
	signed, err := openCheckpoint(path, parsed.Checkpoint, verifiers)
	if err != nil {
		return checkpoint{}, err
	}
	if parsed.Index >= uint64(signed.tree.N) {
		return checkpoint{}, fmt.Errorf("%s: entry %d is not in a log of %d", path, parsed.Index, signed.tree.N)
	}
	entry, err := entryAt(int64(parsed.Index), parsed.ExtraData)
	if err != nil {
		return checkpoint{}, fmt.Errorf("%s: %w", path, err)
	}
	if parsed.ExtraData != nil && !bytes.Equal(parsed.ExtraData, entry) {
		return checkpoint{}, fmt.Errorf("%s: it carries another entry", path)
	}
	var hashes tlog.RecordProof
	for _, hash := range parsed.Hashes {
		hashes = append(hashes, tlog.Hash(hash))
	}
	leaf := tlog.RecordHash(entry)
	if err := tlog.CheckRecord(hashes, signed.tree.N, signed.tree.Hash, int64(parsed.Index), leaf); err != nil {
		return checkpoint{}, fmt.Errorf("%s: %w", path, err)
	}
	fmt.Printf("%s: proves entry %d of %s at size %d\n", path, parsed.Index, signed.origin, signed.tree.N)
	return signed, nil
}

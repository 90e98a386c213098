// Tessera-append measures how fast tessera's POSIX driver takes entries, each durable before it is acknowledged.
//
// It writes to directories of its own in TMPDIR, for ten seconds each, with one caller and with 64.
package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
)

const length = 10 * time.Second

func main() {
	fmt.Println("  tessera, POSIX driver:")
	for _, callers := range []int{1, 64} {
		directory, err := os.MkdirTemp("", "tessera-append")
		if err != nil {
			log.Fatal(err)
		}
		err = run(directory, callers)
		os.RemoveAll(directory)
		if err != nil {
			log.Fatal(err)
		}
	}
}

func run(directory string, callers int) error {
	ctx := context.Background()
	secret, _, err := note.GenerateKey(rand.Reader, "tessera.example.com/bench")
	if err != nil {
		return err
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		return err
	}
	driver, err := posix.New(ctx, posix.Config{Path: directory})
	if err != nil {
		return err
	}
	// A batch as large as there are callers, and no longer wait than for the next one: its best for callers that wait.
	options := tessera.NewAppendOptions().WithCheckpointSigner(signer).
		WithCheckpointInterval(500*time.Millisecond).
		WithBatching(uint(callers), 5*time.Millisecond)
	appender, shutdown, _, err := tessera.NewAppender(ctx, driver, options)
	if err != nil {
		return err
	}
	var (
		all  []time.Duration
		lock sync.Mutex
		wait sync.WaitGroup
	)
	started := time.Now()
	for caller := range callers {
		wait.Go(func() {
			var took []time.Duration
			for time.Since(started) < length {
				entry := fmt.Sprintf("%d:%d %s", caller, len(took), strings.Repeat("x", 1000))
				asked := time.Now()
				if _, err := appender.Add(ctx, tessera.NewEntry([]byte(entry)))(); err != nil {
					log.Fatal(err)
				}
				took = append(took, time.Since(asked))
			}
			lock.Lock()
			all = append(all, took...)
			lock.Unlock()
		})
	}
	wait.Wait()
	elapsed := time.Since(started)
	slices.Sort(all)
	rank := func(percent int) time.Duration { return all[len(all)*percent/100].Round(10 * time.Microsecond) }
	fmt.Printf("  %3d callers: %7.0f entries/s, acknowledged p50 %8v, p99 %8v, longest %8v\n",
		callers, float64(len(all))/elapsed.Seconds(), rank(50), rank(99), all[len(all)-1].Round(10*time.Microsecond))
	return shutdown(ctx)
}

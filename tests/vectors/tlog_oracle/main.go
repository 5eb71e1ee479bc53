// SPDX-License-Identifier: Apache-2.0

// Tlog_oracle reads a tiled log from a directory with golang.org/x/mod/sumdb and says whether it holds: a second
// implementation, in another language, that shares no code with birthmark.
//
//	tlog_oracle DIR
//
// DIR holds log.vkey, checkpoint, tile/..., and optionally checkpoint.N (older heads) and *.tlog-proof with the entry
// beside it in *.entry. Exit 0: signature, root, every tile, the inclusion of every entry, every older head and every
// proof hold. Exit 1: the first thing that does not, on standard error.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
)

// directory is a tlog.TileReader over files.
type directory string

func (d directory) Height() int                     { return tileHeight }
func (d directory) SaveTiles([]tlog.Tile, [][]byte) {}

func (d directory) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		// C2SP tlog-tiles leaves out the height, which sumdb has as the first element.
		path := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", tileHeight), "tile/", 1)
		data, err := os.ReadFile(filepath.Join(string(d), path))
		if err != nil {
			return nil, err
		}
		if len(data) != tile.W*tlog.HashSize {
			return nil, fmt.Errorf("%s: %d bytes for %d hashes", path, len(data), tile.W)
		}
		all = append(all, data)
	}
	return all, nil
}

// head opens a signed checkpoint of the log.
func head(text []byte, key note.Verifier) (tlog.Tree, error) {
	opened, err := note.Open(text, note.VerifierList(key))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != key.Name() {
		return tlog.Tree{}, errors.New("not a checkpoint of this log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || strconv.FormatInt(size, 10) != lines[1] {
		return tlog.Tree{}, errors.New("size")
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

// bundle reads the entries from first on.
func (d directory) bundle(first, size int64) ([][]byte, error) {
	width := int64(tileWidth)
	if size-first < width {
		width = size - first
	}
	tile := tlog.Tile{H: tileHeight, L: -1, N: first / tileWidth, W: int(width)}
	path := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/data/", tileHeight), "tile/entries/", 1)
	data, err := os.ReadFile(filepath.Join(string(d), path))
	if err != nil {
		return nil, err
	}
	var entries [][]byte
	for len(data) >= 2 {
		length := int(binary.BigEndian.Uint16(data))
		if len(data)-2 < length {
			return nil, fmt.Errorf("%s: cut short", path)
		}
		entries = append(entries, data[2:2+length])
		data = data[2+length:]
	}
	if len(data) != 0 || int64(len(entries)) != width {
		return nil, fmt.Errorf("%s: %d entries, %d bytes left", path, len(entries), len(data))
	}
	return entries, nil
}

// everyEntry checks the inclusion of each entry, and the root over all of them.
func everyEntry(d directory, tree tlog.Tree) error {
	reader := tlog.TileHashReader(tree, d)
	if root, err := tlog.TreeHash(tree.N, reader); err != nil || (tree.N > 0 && root != tree.Hash) {
		return fmt.Errorf("root: %v", err)
	}
	for first := int64(0); first < tree.N; first += tileWidth {
		entries, err := d.bundle(first, tree.N)
		if err != nil {
			return err
		}
		for i, entry := range entries {
			index := first + int64(i)
			proof, err := tlog.ProveRecord(tree.N, index, reader)
			if err == nil {
				err = tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry))
			}
			if err != nil {
				return fmt.Errorf("entry %d: %v", index, err)
			}
		}
	}
	return nil
}

// everyHead checks that the log continues each older checkpoint.
func everyHead(d directory, tree tlog.Tree, key note.Verifier) (int, error) {
	paths, err := filepath.Glob(filepath.Join(string(d), "checkpoint.*"))
	if err != nil {
		return 0, err
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return 0, err
		}
		old, err := head(text, key)
		if err != nil {
			return 0, fmt.Errorf("%s: %v", filepath.Base(path), err)
		}
		proof, err := tlog.ProveTree(tree.N, old.N, tlog.TileHashReader(tree, d))
		if err == nil {
			err = tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash)
		}
		if err != nil {
			return 0, fmt.Errorf("%s: %v", filepath.Base(path), err)
		}
	}
	return len(paths), nil
}

// checkProof checks one c2sp.org/tlog-proof@v1 text.
func checkProof(text, entry []byte, key note.Verifier) error {
	parts := bytes.SplitN(text, []byte("\n\n"), 2)
	lines := strings.Split(string(parts[0]), "\n")
	if len(parts) != 2 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return errors.New("not a proof")
	}
	lines = lines[1:]
	if strings.HasPrefix(lines[0], "extra ") {
		if _, err := base64.StdEncoding.DecodeString(lines[0][6:]); err != nil {
			return err
		}
		lines = lines[1:]
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[0], "index "), 10, 64)
	if err != nil {
		return err
	}
	var path tlog.RecordProof
	for _, line := range lines[1:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return err
		}
		path = append(path, hash)
	}
	tree, err := head(parts[1], key)
	if err != nil {
		return err
	}
	return tlog.CheckRecord(path, tree.N, tree.Hash, index, tlog.RecordHash(entry))
}

func everyProof(d directory, key note.Verifier) (int, error) {
	paths, err := filepath.Glob(filepath.Join(string(d), "*.tlog-proof"))
	if err != nil {
		return 0, err
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return 0, err
		}
		entry, err := os.ReadFile(strings.TrimSuffix(path, ".tlog-proof") + ".entry")
		if err == nil {
			err = checkProof(text, entry, key)
		}
		if err != nil {
			return 0, fmt.Errorf("%s: %v", filepath.Base(path), err)
		}
	}
	return len(paths), nil
}

func run(d directory) error {
	vkey, err := os.ReadFile(filepath.Join(string(d), "log.vkey"))
	if err != nil {
		return err
	}
	key, err := note.NewVerifier(strings.TrimSpace(string(vkey)))
	if err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(string(d), "checkpoint"))
	if err != nil {
		return err
	}
	tree, err := head(text, key)
	if err != nil {
		return fmt.Errorf("checkpoint: %v", err)
	}
	if err := everyEntry(d, tree); err != nil {
		return err
	}
	heads, err := everyHead(d, tree, key)
	if err != nil {
		return err
	}
	proofs, err := everyProof(d, key)
	if err != nil {
		return err
	}
	fmt.Printf("entries %d heads %d proofs %d\n", tree.N, heads, proofs)
	return nil
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: tlog_oracle DIR")
		os.Exit(2)
	}
	if err := run(directory(os.Args[1])); err != nil {
		fmt.Fprintln(os.Stderr, "tlog_oracle:", err)
		os.Exit(1)
	}
}

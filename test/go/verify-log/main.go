// Checks a log with the Go project's own code (golang.org/x/mod/sumdb).
//
//	verify-log lookup VKEY URL STATE PATH VERSION   as the go command looks a module up
//	verify-log grown VKEY URL OLD-TREE              that the log begins with an older signed tree
//	verify-log audit VKEY URL                       every tile and entry of the C2SP form
//
// Exit code 0: all is right, 3: the log was caught lying, 1: anything else.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	var err error
	switch args := os.Args[1:]; {
	case len(args) == 6 && args[0] == "lookup":
		err = lookup(args[1], args[2], args[3], args[4], args[5])
	case len(args) == 4 && args[0] == "grown":
		err = grown(args[1], args[2], args[3])
	case len(args) == 3 && args[0] == "audit":
		err = audit(args[1], args[2])
	default:
		err = errors.New("usage: verify-log lookup VKEY URL STATE PATH VERSION | grown VKEY URL OLD-TREE | audit VKEY URL")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func get(url string) ([]byte, error) {
	response, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != 200 {
		err = fmt.Errorf("%s: %s", url, response.Status)
	}
	return body, err
}

// ops keeps the latest tree and all tiles in a directory, as the go command does, and shows what was looked up.
type ops struct{ vkey, url, dir string }

func (o ops) ReadRemote(path string) ([]byte, error) {
	data, err := get(o.url + path)
	if err == nil && strings.HasPrefix(path, "/lookup/") {
		os.Stdout.Write(data)
	}
	return data, err
}

func (o ops) ReadConfig(file string) ([]byte, error) {
	if file == "key" {
		return []byte(o.vkey), nil
	}
	data, err := os.ReadFile(filepath.Join(o.dir, "latest"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	return data, err
}

func (o ops) WriteConfig(file string, old, new []byte) error {
	return os.WriteFile(filepath.Join(o.dir, "latest"), new, 0o600)
}

func (o ops) ReadCache(file string) ([]byte, error) {
	return os.ReadFile(o.cached(file))
}

func (o ops) WriteCache(file string, data []byte) {
	if err := os.WriteFile(o.cached(file), data, 0o600); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

func (o ops) cached(file string) string {
	return filepath.Join(o.dir, "cached "+strings.ReplaceAll(file, "/", " "))
}

func (o ops) Log(message string) {}
func (o ops) SecurityError(message string) {
	fmt.Fprintln(os.Stderr, "SECURITY ERROR", message)
	os.Exit(3)
}

func lookup(vkey, url, dir, path, version string) error {
	_, err := sumdb.NewClient(ops{vkey, url, dir}).Lookup(path, version)
	return err
}

func openTree(vkey string, raw []byte) (tlog.Tree, error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return tlog.Tree{}, err
	}
	signed, err := note.Open(raw, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	return tlog.ParseTree([]byte(signed.Text))
}

func grown(vkey, url, file string) error {
	oldRaw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	newRaw, err := get(url + "/latest")
	if err != nil {
		return err
	}
	old, err := openTree(vkey, oldRaw)
	if err != nil {
		return err
	}
	tree, err := openTree(vkey, newRaw)
	if err != nil {
		return err
	}
	proof, err := tlog.ProveTree(tree.N, old.N, tlog.TileHashReader(tree, tiles{url}))
	if err != nil {
		return err
	}
	if err := tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash); err != nil {
		fmt.Fprintf(os.Stderr, "two histories: %d is not the beginning of %d: %v\n", old.N, tree.N, err)
		os.Exit(3)
	}
	return nil
}

// tiles reads tiles where C2SP clients find them; Go's own paths have the height in front.
type tiles struct{ url string }

func (t tiles) Height() int                     { return 8 }
func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}
func (t tiles) ReadTiles(list []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range list {
		data, err := get(t.url + "/tile/" + strings.TrimPrefix(tile.Path(), "tile/8/"))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func audit(vkey, url string) error {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return err
	}
	raw, err := get(url + "/checkpoint")
	if err != nil {
		return err
	}
	signed, err := note.Open(raw, note.VerifierList(verifier))
	if err != nil {
		return err
	}
	lines := strings.Split(signed.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		return fmt.Errorf("not the checkpoint of %s: %q", verifier.Name(), signed.Text)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return err
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil {
		return err
	}
	var tree tlog.Tree
	tree.N = size
	copy(tree.Hash[:], root)
	hashes := tlog.TileHashReader(tree, tiles{url})
	found, err := tlog.TreeHash(size, hashes)
	if err != nil || found != tree.Hash {
		return fmt.Errorf("the tiles do not make up the root: %v", err)
	}
	return auditEntries(url, size, hashes)
}

func auditEntries(url string, size int64, hashes tlog.HashReader) error {
	for first := int64(0); first < size; first += 256 {
		width := int(size - first)
		if width > 256 {
			width = 256
		}
		tile := tlog.Tile{H: 8, L: 0, N: first / 256, W: width}
		path := strings.TrimPrefix(tile.Path(), "tile/8/0/")
		bundle, err := get(url + "/tile/entries/" + path)
		if err != nil {
			return err
		}
		records, err := get(url + "/tile/8/data/" + path)
		if err != nil {
			return err
		}
		for i := 0; i < width; i++ {
			if len(bundle) < 2 || len(bundle) < 2+int(binary.BigEndian.Uint16(bundle)) {
				return errors.New("an entry bundle is cut off")
			}
			length := 2 + int(binary.BigEndian.Uint16(bundle))
			entry := bundle[2:length]
			bundle = bundle[length:]
			if !bytes.HasPrefix(records, append(entry[:len(entry):len(entry)], '\n')) {
				return errors.New("the two forms of an entry differ")
			}
			records = records[len(entry)+1:]
			stored, err := hashes.ReadHashes([]int64{tlog.StoredHashIndex(0, first+int64(i))})
			if err != nil {
				return err
			}
			if stored[0] != tlog.RecordHash(entry) {
				return fmt.Errorf("entry %d is not the one that was hashed", first+int64(i))
			}
		}
		if len(bundle)+len(records) > 0 {
			return errors.New("something follows the last entry")
		}
	}
	fmt.Println("audited", size)
	return nil
}

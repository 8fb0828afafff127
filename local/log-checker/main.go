// Checks a copy of the log with the library of Go's checksum database, which shares no code with Postern.
//
//	log-checker VERIFIER-KEY[,WITNESS-KEY] FOLDER [EARLIER-CHECKPOINT]
//
// With the key of a witness, the checkpoint must have its cosignature (C2SP tlog-cosignature, Ed25519). FOLDER has what Postern serves at /log/: checkpoint, tile/<L>/<N> and tile/entries/<N>. It prints what it checked.
package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

// tiles reads hashes from files. C2SP leaves the height, which is always 8, out of a path.
type tiles struct{ folder string }

func (t tiles) Height() int                     { return 8 }
func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}
func (t tiles) ReadTiles(wanted []tlog.Tile) (found [][]byte, err error) {
	for _, tile := range wanted {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		data, err := os.ReadFile(filepath.Join(t.folder, path))
		if err != nil {
			return nil, err
		}
		found = append(found, data)
	}
	return found, nil
}

// witness verifies cosignatures: the library knows only the signatures of logs.
type witness struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (w witness) Name() string    { return w.name }
func (w witness) KeyHash() uint32 { return w.hash }
func (w witness) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", binary.BigEndian.Uint64(sig), msg)
	return ed25519.Verify(w.key, []byte(message), sig[8:])
}

func newWitness(key string) witness {
	parts := strings.SplitN(key, "+", 3)
	typed := must(base64.StdEncoding.DecodeString(parts[2]))
	sum := sha256.Sum256(append([]byte(parts[0]+"\n"), typed...))
	if len(typed) != 33 || typed[0] != 4 || fmt.Sprintf("%x", sum[:4]) != parts[1] {
		log.Fatalf("%s is not the key of a witness", key)
	}
	return witness{parts[0], binary.BigEndian.Uint32(sum[:4]), typed[1:]}
}

// checkpoint verifies the signature of a checkpoint and returns its tree.
func checkpoint(path string, verifiers note.Verifiers) tlog.Tree {
	opened := must(note.Open(must(os.ReadFile(path)), verifiers))
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != opened.Sigs[0].Name {
		log.Fatalf("%s is not a checkpoint of %s", path, opened.Sigs[0].Name)
	}
	hash := must(base64.StdEncoding.DecodeString(lines[2]))
	return tlog.Tree{N: must(strconv.ParseInt(lines[1], 10, 64)), Hash: tlog.Hash(hash)}
}

func main() {
	log.SetFlags(0)
	keys := strings.Split(os.Args[1], ",")
	verifiers := note.VerifierList(must(note.NewVerifier(keys[0])))
	folder := os.Args[2]
	tree := checkpoint(filepath.Join(folder, "checkpoint"), verifiers)
	for _, key := range keys[1:] {
		w := newWitness(key)
		if _, err := note.Open(must(os.ReadFile(filepath.Join(folder, "checkpoint"))), note.VerifierList(w)); err != nil {
			log.Fatalf("%s has not cosigned the checkpoint: %v", w.name, err)
		}
		fmt.Printf("%s cosigned it\n", w.name)
	}
	reader := tlog.TileHashReader(tree, tiles{folder})
	leaf := int64(0)
	for bundle := int64(0); leaf < tree.N; bundle++ {
		tile := tlog.Tile{H: 8, L: -1, N: bundle, W: int(min(256, tree.N-bundle*256))}
		path := strings.Replace(tile.Path(), "tile/8/data/", "tile/entries/", 1)
		data := must(os.ReadFile(filepath.Join(folder, path)))
		for ; len(data) >= 2; leaf++ {
			length := 2 + int(binary.BigEndian.Uint16(data))
			hash := tlog.RecordHash(data[2:length])
			proof := must(tlog.ProveRecord(tree.N, leaf, reader))
			if err := tlog.CheckRecord(proof, tree.N, tree.Hash, leaf, hash); err != nil {
				log.Fatalf("leaf %d: %v", leaf, err)
			}
			data = data[length:]
		}
	}
	if leaf != tree.N {
		log.Fatalf("%d entries, but the checkpoint has the size %d", leaf, tree.N)
	}
	fmt.Printf("%d entries are in the log\n", tree.N)
	for _, path := range os.Args[3:] {
		old := checkpoint(path, verifiers)
		if err := tlog.CheckTree(must(tlog.ProveTree(tree.N, old.N, reader)), tree.N, tree.Hash, old.N, old.Hash); err != nil {
			log.Fatalf("%s: %v", path, err)
		}
		fmt.Printf("the checkpoint of size %d is the beginning of the log\n", old.N)
	}
}

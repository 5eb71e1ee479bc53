// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "crypto/keys.h"

namespace birthmark::audit {

inline constexpr std::size_t kNoteMaxBytes = 256 * 1024;  ///< text and signatures; 16 post-quantum lines fit
inline constexpr std::size_t kNoteTextMaxBytes = 16 * 1024;
inline constexpr std::size_t kNoteSignaturesMax = 64;  ///< C2SP signed-note asks for 16 at least
inline constexpr std::size_t kKeyNameMaxBytes = 255;

/// Signature types of C2SP signed-note that are understood here; every other one is an unknown key's.
enum class SignatureType : std::uint8_t { ed25519 = 0x01, cosignature = 0x04 };

/// The public half of a log's or a witness's key, with the name and id that its signature lines carry.
class VerifierKey {
 public:
  /// @param name 1..255 bytes of UTF-8 without control characters, spaces or '+'
  /// @param ed25519 the 32 bytes of the public key
  /// @error bad_request: name or key
  static Result<VerifierKey> make(SignatureType type, std::string name, BytesView ed25519);
  /// Reads a vkey: name, '+', key id in eight lower-case hex digits, '+', base64 of type and key.
  /// @error bad_request: form, or an id that is not the key's; unsupported_media_type: another signature type.
  static Result<VerifierKey> read(std::string_view vkey);
  [[nodiscard]] std::string write() const;

  [[nodiscard]] SignatureType type() const { return type_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  /// SHA-256(name || 0A || type || key)[:4], big-endian.
  [[nodiscard]] std::uint32_t id() const { return id_; }
  [[nodiscard]] const crypto::PublicKey& key() const { return key_; }

 private:
  VerifierKey(SignatureType type, std::string name, std::uint32_t id, crypto::PublicKey key)
      : type_{type}, name_{std::move(name)}, id_{id}, key_{std::move(key)} {}
  SignatureType type_;
  std::string name_;
  std::uint32_t id_;
  crypto::PublicKey key_;
};

/// One signature line: who says to have signed, and what.
struct NoteSignature {
  std::string name;
  std::uint32_t key_id = 0;
  Bytes signature;  ///< without the key id; at least one byte

  friend bool operator==(const NoteSignature&, const NoteSignature&) = default;
};

/// A signed note as it was read: nothing in it is trusted yet.
struct SignedNote {
  std::string text;  ///< with its last newline
  std::vector<NoteSignature> signatures;

  friend bool operator==(const SignedNote&, const SignedNote&) = default;
};

/// Reads a signed note (C2SP signed-note, Format), which must be exactly what `write_note` makes of the result.
/// @error bad_request: UTF-8, control characters (CR too), blank line, signature lines; too_large: the limits above.
Result<SignedNote> read_note(std::string_view note);
std::string write_note(const SignedNote& note);

/// What a log commits to at one size (C2SP tlog-checkpoint).
struct Checkpoint {
  std::string origin;
  std::uint64_t size = 0;
  Digest root;
  std::vector<std::string> extensions;  ///< opaque lines, kept and signed, never interpreted

  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

/// The text of a checkpoint's note. @error bad_request: an origin or extension that is empty or not plain text, a size
/// above 2^63 - 1; too_large
Result<std::string> write_checkpoint(const Checkpoint& checkpoint);
/// Reads the text of a note as a checkpoint. @error bad_request: missing, empty or wrong lines, leading zeros.
Result<Checkpoint> read_checkpoint(std::string_view text);

/// Signs bytes with the log's or witness's private key: Ed25519, 64 bytes. It has verified what it gives (the signer's
/// port does): a second verification at each commit would cost more than the signature. @error of the signer
using NoteSigner = std::function<Result<Bytes>(BytesView message)>;

/// A checkpoint's note with the log's own signature.
/// @param key of type ed25519 whose name is the checkpoint's origin
/// @error bad_request: the key does not fit; hsm_fault: not 64 bytes; else `write_checkpoint`'s or the
/// signer's.
Result<std::string> sign_checkpoint(const Checkpoint& checkpoint, const VerifierKey& key, const NoteSigner& sign);

/// A witness's line for a checkpoint's text (C2SP tlog-cosignature, type 04), verified before it is returned.
/// That the checkpoint continues what the witness saw before is the caller's to prove.
/// @error as `sign_checkpoint`; hsm_fault: also a signature that does not verify
Result<NoteSignature> cosign(std::string_view text, const VerifierKey& key, std::uint64_t unix_seconds,
                             const NoteSigner& sign);

/// Whom to believe about one log.
struct CheckpointTrust {
  VerifierKey log;                          ///< of type ed25519; its name is the log's origin
  std::vector<VerifierKey> witnesses = {};  ///< of type cosignature
  std::size_t cosignatures_min = 0;         ///< of different witnesses
};

struct Cosignature {
  std::string witness;
  std::uint64_t unix_seconds = 0;
};

/// A checkpoint whose signatures have been verified; cosignatures by witness, at most one each.
struct TrustedCheckpoint {
  Checkpoint checkpoint;
  std::vector<Cosignature> cosignatures;
};

/// Opens a signed checkpoint. Every line of a known key must verify, or the whole note is refused; lines of unknown
/// keys are ignored. Proves who signed, not that the log is consistent or new, nor when the witnesses' clocks are
/// right.
/// @error bad_request: form; bad_evidence with check "checkpoint.signature" (a known key's line is wrong, the log's is
/// missing), "checkpoint.origin", "checkpoint.cosignatures" (too few).
Result<TrustedCheckpoint> open_checkpoint(std::string_view note, const CheckpointTrust& trust);

}  // namespace birthmark::audit

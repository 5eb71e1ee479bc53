// SPDX-License-Identifier: Apache-2.0
#include "audit/checkpoint.h"

#include <algorithm>
#include <array>

#include "audit/text.h"
#include "codec/base64.h"
#include "codec/utf8.h"
#include "crypto/hash.h"

namespace birthmark::audit {
namespace {

constexpr std::size_t kSignatureBytes = 64;  // Ed25519
constexpr std::string_view kSignaturePrefix = "\u2014 ";
constexpr std::size_t kRootBytes = 32;
// Of a key type that is not read here; long enough to say so instead of "wrong base64".
constexpr std::size_t kKeyMaterialMaxBytes = 4096;
constexpr std::size_t kKeyIdBytes = 4;
constexpr std::size_t kTimestampBytes = 8;

template <std::size_t N>
Octets<N> big_endian(std::uint64_t value) {
  Octets<N> out;
  for (auto at = out.rbegin(); at != out.rend(); ++at, value >>= 8) {
    *at = static_cast<std::uint8_t>(value);
  }
  return out;
}

std::uint64_t from_big_endian(BytesView bytes) {
  std::uint64_t value = 0;
  for (const auto byte : bytes) {
    value = value << 8 | byte;
  }
  return value;
}

// UTF-8 without ASCII control characters; C2SP signed-note lets DEL through, which audit/text.h does not.
bool is_note_text(std::string_view text) {
  return is_utf8(text) && std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

bool is_key_name(std::string_view name) {
  return !name.empty() && name.size() <= kKeyNameMaxBytes && is_note_text(name) && !has_space(name) &&
         name.find('+') == std::string_view::npos;
}

// A line of a checkpoint: its newline ends it, so nothing in it may.
bool is_line(std::string_view line) {
  return !line.empty() && is_note_text(line);
}

tl::unexpected<Error> malformed(std::string why) {
  return fail(Code::bad_request, std::move(why));
}

Bytes key_material(SignatureType type, BytesView ed25519) {
  Bytes out{static_cast<std::uint8_t>(type)};
  append(out, ed25519);
  return out;
}

std::uint32_t key_id(std::string_view name, BytesView material) {
  constexpr Octets<1> kNewline{0x0A};
  const auto hash = crypto::sha256({as_bytes(name), kNewline, material});
  return static_cast<std::uint32_t>(from_big_endian(BytesView{hash.get()}.first(kKeyIdBytes)));
}

// C2SP tlog-cosignature, Ed25519 signed message.
std::string cosigned_message(std::string_view text, std::uint64_t unix_seconds) {
  return "cosignature/v1\ntime " + std::to_string(unix_seconds) + "\n" + std::string{text};
}

// When the cosignature says it was made, if it verifies.
std::optional<std::uint64_t> cosigned_at(const VerifierKey& key, std::string_view text, BytesView signature) {
  if (signature.size() < kTimestampBytes) {
    return std::nullopt;
  }
  const auto seconds = from_big_endian(signature.first(kTimestampBytes));
  if (seconds > kLogNumberMax ||
      !key.key().verify(crypto::SignatureScheme::ed25519, as_bytes(cosigned_message(text, seconds)),
                        signature.subspan(kTimestampBytes))) {
    return std::nullopt;
  }
  return seconds;
}

Result<NoteSignature> read_signature_line(std::string_view line) {
  if (!line.starts_with(kSignaturePrefix)) {
    return malformed("a signature line begins wrongly");
  }
  line.remove_prefix(kSignaturePrefix.size());
  const auto name = line.substr(0, line.find(' '));
  const auto bytes = base64::decode(line.substr(std::min(line.size(), name.size() + 1)), kNoteMaxBytes);
  if (!is_key_name(name) || !bytes || bytes->size() <= kKeyIdBytes) {
    return malformed("a signature line names no key, or its base64 is wrong");
  }
  const BytesView all{*bytes};
  return NoteSignature{std::string{name}, static_cast<std::uint32_t>(from_big_endian(all.first(kKeyIdBytes))),
                       to_bytes(all.subspan(kKeyIdBytes))};
}

bool made_by(const NoteSignature& line, const VerifierKey& key) {
  return line.key_id == key.id() && line.name == key.name();
}

tl::unexpected<Error> untrusted(std::string why, std::string check) {
  return fail(Code::bad_evidence, std::move(why), std::move(check));
}

// Whether the log has signed. @error bad_evidence: a line in its name is wrong.
Result<bool> log_signed(const SignedNote& note, const VerifierKey& log) {
  bool found = false;
  for (const auto& line : note.signatures) {
    if (!made_by(line, log)) {
      continue;
    }
    if (!log.key().verify(crypto::SignatureScheme::ed25519, as_bytes(note.text), line.signature)) {
      return untrusted("the signature of " + log.name() + " does not verify", "checkpoint.signature");
    }
    found = true;
  }
  return found;
}

// The witness's cosignature, if there is one; of several the latest. @error bad_evidence: a line in its name is wrong.
Result<std::optional<Cosignature>> cosignature_of(const SignedNote& note, const VerifierKey& witness) {
  std::optional<Cosignature> found;
  for (const auto& line : note.signatures) {
    if (!made_by(line, witness)) {
      continue;
    }
    const auto seconds = cosigned_at(witness, note.text, line.signature);
    if (!seconds) {
      return untrusted("the cosignature of " + witness.name() + " does not verify", "checkpoint.signature");
    }
    if (!found || found->unix_seconds < *seconds) {
      found = Cosignature{witness.name(), *seconds};
    }
  }
  return found;
}

// Two entries for one key would let one witness count as two.
bool well_formed(const CheckpointTrust& trust) {
  if (trust.log.type() != SignatureType::ed25519) {
    return false;
  }
  for (auto witness = trust.witnesses.begin(); witness != trust.witnesses.end(); ++witness) {
    const auto same = [&](const VerifierKey& other) { return other.key() == witness->key(); };
    if (witness->type() != SignatureType::cosignature || std::any_of(trust.witnesses.begin(), witness, same)) {
      return false;
    }
  }
  return true;
}

}  // namespace

Result<VerifierKey> VerifierKey::make(SignatureType type, std::string name, BytesView ed25519) {
  if (!is_key_name(name)) {
    return malformed("not a key name");
  }
  BM_TRY(auto key, crypto::PublicKey::from_ed25519(ed25519));
  const auto id = key_id(name, key_material(type, ed25519));
  return VerifierKey{type, std::move(name), id, std::move(key)};
}

Result<VerifierKey> VerifierKey::read(std::string_view vkey) {
  const auto name = vkey.substr(0, vkey.find('+'));
  auto rest = vkey.substr(std::min(vkey.size(), name.size() + 1));
  const auto id = rest.substr(0, rest.find('+'));
  const auto material = base64::decode(rest.substr(std::min(rest.size(), id.size() + 1)), kKeyMaterialMaxBytes);
  if (!material || material->empty()) {
    return malformed("the verifier key's base64 is wrong");
  }
  const auto type = static_cast<SignatureType>(material->front());
  if (type != SignatureType::ed25519 && type != SignatureType::cosignature) {
    return fail(Code::unsupported_media_type, "the verifier key is of another signature type");
  }
  BM_TRY(auto key, make(type, std::string{name}, BytesView{*material}.subspan(1)));
  if (key.write() != vkey) {
    return malformed("the verifier key's id is not the one of its name and key");
  }
  return key;
}

std::string VerifierKey::write() const {
  return name_ + "+" + to_hex(big_endian<kKeyIdBytes>(id_)) + "+" + base64::encode(key_material(type_, key_.point()));
}

Result<SignedNote> read_note(std::string_view note) {
  if (note.size() > kNoteMaxBytes) {
    return fail(Code::too_large, "the note is longer than 256 KiB");
  }
  const auto split = note.rfind("\n\n");
  if (split == std::string_view::npos) {
    return malformed("no blank line divides text and signatures");
  }
  SignedNote out;
  out.text = std::string{note.substr(0, split + 1)};
  if (out.text.size() > kNoteTextMaxBytes) {
    return fail(Code::too_large, "the note's text is longer than 16 KiB");
  }
  for (std::string_view rest{out.text}; !rest.empty();) {
    const auto line = take_line(rest);
    if (!line || !is_note_text(*line)) {
      return malformed("the note's text has control characters or is no UTF-8");
    }
  }
  auto rest = note.substr(split + 2);
  while (!rest.empty()) {
    const auto line = take_line(rest);
    if (!line) {
      return malformed("the last signature line has no end");
    }
    if (out.signatures.size() == kNoteSignaturesMax) {
      return fail(Code::too_large, "the note has more than 64 signatures");
    }
    BM_TRY(auto signature, read_signature_line(*line));
    out.signatures.push_back(std::move(signature));
  }
  if (out.signatures.empty()) {
    return malformed("the note has no signature");
  }
  return out;
}

std::string write_note(const SignedNote& note) {
  auto out = note.text + "\n";
  for (const auto& line : note.signatures) {
    auto bytes = to_bytes(big_endian<kKeyIdBytes>(line.key_id));
    append(bytes, line.signature);
    out += std::string{kSignaturePrefix} + line.name + " " + base64::encode(bytes) + "\n";
  }
  return out;
}

Result<std::string> write_checkpoint(const Checkpoint& checkpoint) {
  if (!is_line(checkpoint.origin) || !std::ranges::all_of(checkpoint.extensions, is_line)) {
    return malformed("an origin or extension line is empty or not plain text");
  }
  if (checkpoint.size > kLogNumberMax) {
    return malformed("the size is above 2^63 - 1");
  }
  auto out =
      checkpoint.origin + "\n" + std::to_string(checkpoint.size) + "\n" + base64::encode(checkpoint.root.get()) + "\n";
  for (const auto& line : checkpoint.extensions) {
    out += line + "\n";
  }
  if (out.size() > kNoteTextMaxBytes) {
    return fail(Code::too_large, "the checkpoint is longer than 16 KiB");
  }
  return out;
}

Result<Checkpoint> read_checkpoint(std::string_view text) {
  if (text.size() > kNoteTextMaxBytes) {
    return fail(Code::too_large, "the checkpoint is longer than 16 KiB");
  }
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto line = take_line(text);
    if (!line || !is_line(*line)) {
      return malformed("a line of the checkpoint is empty, has no end or is not plain text");
    }
    lines.push_back(*line);
  }
  if (lines.size() < 3) {
    return malformed("a checkpoint has an origin, a size and a root");
  }
  const auto size = read_decimal(lines[1]);
  const auto root = base64::decode(lines[2], kRootBytes);
  const auto digest = root ? octets<kRootBytes>(*root) : std::nullopt;
  if (!size || !digest) {
    return malformed(size ? "the root is not base64 of 32 bytes" : "the size is not a decimal without leading zeros");
  }
  return Checkpoint{std::string{lines[0]}, *size, Digest{*digest}, {lines.begin() + 3, lines.end()}};
}

Result<std::string> sign_checkpoint(const Checkpoint& checkpoint, const VerifierKey& key, const NoteSigner& sign) {
  if (key.type() != SignatureType::ed25519 || key.name() != checkpoint.origin) {
    return malformed("the key is not the one of the log " + checkpoint.origin);
  }
  BM_TRY(auto text, write_checkpoint(checkpoint));
  BM_TRY(auto signature, sign(as_bytes(text)));
  if (signature.size() != kSignatureBytes) {
    return fail(Code::hsm_fault, "the signature of the checkpoint is none of Ed25519");
  }
  return write_note({std::move(text), {{key.name(), key.id(), std::move(signature)}}});
}

Result<NoteSignature> cosign(std::string_view text, const VerifierKey& key, std::uint64_t unix_seconds,
                             const NoteSigner& sign) {
  if (key.type() != SignatureType::cosignature || unix_seconds > kLogNumberMax) {
    return malformed("not a witness's key, or no time");
  }
  if (const auto readable = read_checkpoint(text); !readable) {
    return fail(readable.error());
  }
  BM_TRY(const auto signature, sign(as_bytes(cosigned_message(text, unix_seconds))));
  auto stamped = to_bytes(big_endian<kTimestampBytes>(unix_seconds));
  append(stamped, signature);
  if (!cosigned_at(key, text, stamped)) {
    return fail(Code::hsm_fault, "the cosignature does not verify");
  }
  return NoteSignature{key.name(), key.id(), std::move(stamped)};
}

Result<TrustedCheckpoint> open_checkpoint(std::string_view note, const CheckpointTrust& trust) {
  if (!well_formed(trust)) {
    return malformed("the trusted keys are of the wrong type, or one is named twice");
  }
  BM_TRY(const auto signed_note, read_note(note));
  BM_TRY(const bool by_log, log_signed(signed_note, trust.log));
  if (!by_log) {
    return untrusted("no signature of " + trust.log.name(), "checkpoint.signature");
  }
  TrustedCheckpoint out;
  for (const auto& witness : trust.witnesses) {
    BM_TRY(auto cosignature, cosignature_of(signed_note, witness));
    if (cosignature) {
      out.cosignatures.push_back(std::move(*cosignature));
    }
  }
  if (out.cosignatures.size() < trust.cosignatures_min) {
    return untrusted(
        "cosignatures: " + std::to_string(out.cosignatures.size()) + " of " + std::to_string(trust.cosignatures_min),
        "checkpoint.cosignatures");
  }
  BM_TRY(out.checkpoint, read_checkpoint(signed_note.text));
  if (out.checkpoint.origin != trust.log.name()) {
    return untrusted("the checkpoint is of another log: " + out.checkpoint.origin, "checkpoint.origin");
  }
  return out;
}

}  // namespace birthmark::audit

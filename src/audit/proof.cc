// SPDX-License-Identifier: Apache-2.0
#include "audit/proof.h"

#include "audit/text.h"
#include "codec/base64.h"

namespace birthmark::audit {
namespace {

constexpr std::string_view kFirstLine = "c2sp.org/tlog-proof@v1";
constexpr std::string_view kExtra = "extra ";
constexpr std::string_view kIndex = "index ";
// The extra data in base64, and room for the path.
constexpr std::size_t kProofMaxBytes = kNoteMaxBytes + kProofExtraMaxBytes / 3 * 4 + 8 * 1024;

tl::unexpected<Error> malformed(std::string why) {
  return fail(Code::bad_request, std::move(why));
}

// Takes the next line, which must be there.
Result<std::string_view> need_line(std::string_view& rest) {
  const auto line = take_line(rest);
  if (!line) {
    return malformed("the proof ends too early");
  }
  return *line;
}

Result<Digest> read_hash(std::string_view line) {
  const auto bytes = base64::decode(line, 32);
  const auto hash = bytes ? octets<32>(*bytes) : std::nullopt;
  if (!hash) {
    return malformed("a line of the path is not base64 of 32 bytes");
  }
  return Digest{*hash};
}

// The form alone: who signed is a question for `verify_proof`.
Result<void> check_checkpoint(std::string_view text) {
  BM_TRY(const auto note, read_note(text));
  BM_TRY([[maybe_unused]] const auto checkpoint, read_checkpoint(note.text));
  return {};
}

Result<Bytes> read_extra(std::string_view text) {
  auto extra = base64::decode(text, kProofExtraMaxBytes);
  if (!extra || extra->empty()) {
    return malformed("the extra data is empty, no base64 or longer than 64 KiB");
  }
  return extra;
}

}  // namespace

Result<std::string> write_proof(const LogProof& proof) {
  if (proof.index > kLogNumberMax || proof.path.size() > kProofPathMax) {
    return malformed("the index or the path is too large");
  }
  if (proof.extra.size() > kProofExtraMaxBytes) {
    return fail(Code::too_large, "the extra data is longer than 64 KiB");
  }
  BM_CHECK(check_checkpoint(proof.checkpoint));
  auto out = std::string{kFirstLine} + "\n";
  if (!proof.extra.empty()) {
    out += std::string{kExtra} + base64::encode(proof.extra) + "\n";
  }
  out += std::string{kIndex} + std::to_string(proof.index) + "\n";
  for (const auto& hash : proof.path) {
    out += base64::encode(hash.get()) + "\n";
  }
  return out + "\n" + proof.checkpoint;
}

Result<LogProof> read_proof(std::string_view text) {
  if (text.size() > kProofMaxBytes) {
    return fail(Code::too_large, "the proof is too long");
  }
  LogProof out;
  BM_TRY(auto line, need_line(text));
  if (line != kFirstLine) {
    return malformed("not a " + std::string{kFirstLine});
  }
  BM_TRY(line, need_line(text));
  if (line.starts_with(kExtra)) {
    BM_TRY(out.extra, read_extra(line.substr(kExtra.size())));
    BM_TRY(line, need_line(text));
  }
  const auto index = line.starts_with(kIndex) ? read_decimal(line.substr(kIndex.size())) : std::nullopt;
  if (!index) {
    return malformed("the index is missing or not a decimal without leading zeros");
  }
  out.index = *index;
  for (;;) {
    BM_TRY(line, need_line(text));
    if (line.empty()) {
      break;
    }
    if (out.path.size() == kProofPathMax) {
      return malformed("the path has more than 63 hashes");
    }
    BM_TRY(auto hash, read_hash(line));
    out.path.push_back(hash);
  }
  BM_CHECK(check_checkpoint(text));
  out.checkpoint = std::string{text};
  return out;
}

Result<TrustedCheckpoint> verify_proof(const LogProof& proof, BytesView entry, const CheckpointTrust& trust) {
  BM_TRY(auto head, open_checkpoint(proof.checkpoint, trust));
  BM_CHECK(verify_inclusion(proof.index, head.checkpoint.size, leaf_hash(entry), proof.path, head.checkpoint.root));
  return head;
}

Result<TrustedCheckpoint> verify_proof(std::string_view proof, BytesView entry, std::string_view vkey) {
  BM_TRY(auto key, VerifierKey::read(vkey));
  BM_TRY(const auto parsed, read_proof(proof));
  return verify_proof(parsed, entry, CheckpointTrust{std::move(key)});
}

}  // namespace birthmark::audit

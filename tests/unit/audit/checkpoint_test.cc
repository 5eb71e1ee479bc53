// SPDX-License-Identifier: Apache-2.0
#include "audit/checkpoint.h"

#include <gtest/gtest.h>

#include "codec/base64.h"
#include "memory_log.h"

namespace birthmark::audit {
namespace {

using testing::Keys;
using testing::kOrigin;
using testing::must;
using testing::Signer;

const std::string kRoot = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
const std::string kText = kOrigin + "\n20852163\n" + kRoot + "\n";

Checkpoint sample() {
  return must(read_checkpoint(kText));
}

class CheckpointTest : public ::testing::Test {
 protected:
  Keys keys;

  // The text as a note, signed by the log.
  std::string sign(const std::string& text) const { return write_note({text, {log_line(text)}}); }
  NoteSignature log_line(const std::string& text) const {
    return {kOrigin, keys.log.verifier.id(), must(keys.log.key->sign(as_bytes(text)))};
  }
  NoteSignature witness_line(const std::string& text, std::uint64_t time = 1'679'315'147) const {
    return must(cosign(text, keys.witness.verifier, time, keys.witness.signer()));
  }
  CheckpointTrust log_only() const { return {keys.log.verifier}; }
};

using Note = CheckpointTest;
using Vkey = CheckpointTest;
using Cosigned = CheckpointTest;

TEST_F(CheckpointTest, text_comes_back_exactly) {
  EXPECT_EQ(must(write_checkpoint(sample())), kText);
  EXPECT_EQ(sample().size, 20'852'163U);
  EXPECT_EQ(sample().origin, kOrigin);
}

TEST_F(CheckpointTest, extension_lines_are_kept) {
  const auto text = kText + "first\n second with spaces \n\u2014 third\n";
  const auto checkpoint = must(read_checkpoint(text));
  EXPECT_EQ(checkpoint.extensions, (std::vector<std::string>{"first", " second with spaces ", "\u2014 third"}));
  EXPECT_EQ(must(write_checkpoint(checkpoint)), text);
  EXPECT_EQ(must(open_checkpoint(sign(text), log_only())).checkpoint, checkpoint);
}

TEST_F(CheckpointTest, malformed_text_is_refused_even_if_signed) {
  const auto with = [](const std::string& size, const std::string& root) {
    return kOrigin + "\n" + size + "\n" + root + "\n";
  };
  const std::vector<std::string> bad{
      "",
      "\n",
      kOrigin,
      kOrigin + "\n",
      kOrigin + "\n1\n",
      kOrigin + "\n1\n" + kRoot,
      "\n1\n" + kRoot + "\n",
      "\n" + kText,
      kOrigin + "\n\n1\n" + kRoot + "\n",
      kText + "\n",
      kText + "\next\n",
      kText + "ext",
      kText + "ext\r\n",
      kText + std::string("\0\n", 2),
      kText + "\xFF\n",
      with("01", kRoot),
      with("00", kRoot),
      with("+1", kRoot),
      with("-1", kRoot),
      with(" 1", kRoot),
      with("1 ", kRoot),
      with("1\r", kRoot),
      with("", kRoot),
      with("0x10", kRoot),
      with("9223372036854775808", kRoot),
      with("1", kRoot + "\r"),
      with("1", kRoot + " "),
      with("1", kRoot + "="),
      with("1", kRoot.substr(0, 43)),
      with("1", kRoot.substr(0, 40)),
      with("1", kRoot.substr(0, 42) + "J="),  // the two bits behind the last byte
      with("1", base64::encode(Bytes(31))),
      with("1", base64::encode(Bytes(33))),
      with("1", "CsUYapGGPo4dkMgIAUqom_Xajj7h2fB2MPA3j2jxq2I="),  // base64url
  };
  for (const auto& text : bad) {
    EXPECT_FALSE(read_checkpoint(text)) << text;
    if (!text.empty()) {
      EXPECT_FALSE(open_checkpoint(sign(text), log_only())) << text;
    }
  }
}

TEST_F(CheckpointTest, what_cannot_be_read_is_not_written) {
  const auto spoilt = [](auto&& spoil) {
    auto checkpoint = sample();
    spoil(checkpoint);
    return write_checkpoint(checkpoint);
  };
  EXPECT_FALSE(spoilt([](Checkpoint& c) { c.origin = ""; }));
  EXPECT_FALSE(spoilt([](Checkpoint& c) { c.origin = "evil\n999"; }));
  EXPECT_FALSE(spoilt([](Checkpoint& c) { c.size = std::uint64_t{1} << 63; }));
  EXPECT_FALSE(spoilt([](Checkpoint& c) { c.extensions = {""}; }));
  EXPECT_FALSE(spoilt([](Checkpoint& c) { c.extensions = {"a\nb"}; }));
  EXPECT_FALSE(spoilt([](Checkpoint& c) { c.extensions = {std::string(kNoteTextMaxBytes, 'x')}; }));
}

TEST_F(CheckpointTest, signed_by_the_log_is_trusted) {
  const auto note = must(sign_checkpoint(sample(), keys.log.verifier, keys.log.signer()));
  const auto opened = must(open_checkpoint(note, log_only()));
  EXPECT_EQ(opened.checkpoint, sample());
  EXPECT_TRUE(opened.cosignatures.empty());
}

TEST_F(CheckpointTest, a_signer_that_gives_no_signature_makes_no_checkpoint) {
  const auto signs = [&](const NoteSigner& signer) { return sign_checkpoint(sample(), keys.log.verifier, signer); };
  EXPECT_EQ(signs([](BytesView) -> Result<Bytes> { return Bytes{}; }).error().code, Code::hsm_fault);
  EXPECT_EQ(signs([](BytesView) -> Result<Bytes> { return fail(Code::hsm_unavailable, "gone"); }).error().code,
            Code::hsm_unavailable);
}

TEST_F(CheckpointTest, only_the_logs_own_key_signs) {
  const auto other = Signer::make(SignatureType::ed25519, "other.example/log");
  EXPECT_FALSE(sign_checkpoint(sample(), other.verifier, other.signer()));
  EXPECT_FALSE(sign_checkpoint(sample(), keys.witness.verifier, keys.witness.signer()));
}

TEST_F(CheckpointTest, of_another_origin_is_refused) {
  const auto opened = open_checkpoint(sign("other.example/log\n1\n" + kRoot + "\n"), log_only());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().check, "checkpoint.origin");
}

TEST_F(CheckpointTest, every_single_byte_change_is_refused) {
  SignedNote note{kText, {log_line(kText), witness_line(kText)}};
  const auto good = write_note(note);
  ASSERT_TRUE(open_checkpoint(good, keys.trust()));
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const int change : {0x01, 0x02, 0x10, 0x20, 0x80}) {
      auto bad = good;
      bad[i] = static_cast<char>(bad[i] ^ change);
      EXPECT_FALSE(open_checkpoint(bad, keys.trust())) << i << " " << change;
    }
    EXPECT_FALSE(open_checkpoint(good.substr(0, i), keys.trust())) << i;
    EXPECT_FALSE(open_checkpoint(good.substr(0, i) + good.substr(i + 1), keys.trust())) << i;
    EXPECT_FALSE(open_checkpoint(good.substr(0, i) + "\r" + good.substr(i), keys.trust())) << i;
    EXPECT_FALSE(open_checkpoint(good.substr(0, i) + "\n" + good.substr(i), keys.trust())) << i;
  }
}

TEST_F(Note, unknown_keys_are_ignored) {
  const NoteSignature same_name{kOrigin, keys.log.verifier.id() ^ 1, Bytes(64, 1)};
  const NoteSignature same_id{"other.example", keys.log.verifier.id(), Bytes(64, 1)};
  const NoteSignature post_quantum{"pq.example", 7, Bytes(2420 + 8, 1)};
  const auto opened =
      open_checkpoint(write_note({kText, {same_name, same_id, post_quantum, log_line(kText)}}), log_only());
  EXPECT_TRUE(opened);
  EXPECT_FALSE(open_checkpoint(write_note({kText, {same_name, same_id, post_quantum}}), log_only()));
}

TEST_F(Note, a_bad_signature_of_a_known_key_refuses_the_whole_note) {
  auto bad = log_line(kText);
  bad.signature[5] ^= 1;
  for (const auto& lines : {std::vector{bad, log_line(kText)}, std::vector{log_line(kText), bad}, std::vector{bad}}) {
    const auto opened = open_checkpoint(write_note({kText, lines}), log_only());
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().check, "checkpoint.signature");
  }
  auto bad_witness = witness_line(kText);
  bad_witness.signature[70] ^= 1;
  const auto note = write_note({kText, {log_line(kText), bad_witness}});
  EXPECT_FALSE(open_checkpoint(note, {keys.log.verifier, {keys.witness.verifier}, 0}));
  EXPECT_TRUE(open_checkpoint(note, log_only())) << "the witness is unknown here";
}

TEST_F(Note, sixteen_signatures_and_more_are_accepted) {
  std::vector<NoteSignature> lines(kNoteSignaturesMax - 1, NoteSignature{"pq.example", 7, Bytes(2428, 1)});
  lines.push_back(log_line(kText));
  EXPECT_TRUE(open_checkpoint(write_note({kText, lines}), log_only()));
  lines.push_back(log_line(kText));
  EXPECT_EQ(open_checkpoint(write_note({kText, lines}), log_only()).error().code, Code::too_large);
  const auto sixteen = std::vector<NoteSignature>(15, NoteSignature{"pq.example", 7, Bytes(4700, 1)});
  auto with_log = sixteen;
  with_log.push_back(log_line(kText));
  EXPECT_TRUE(open_checkpoint(write_note({kText, with_log}), log_only()));
}

TEST_F(Note, sizes_are_bounded) {
  EXPECT_EQ(read_note(std::string(kNoteMaxBytes + 1, 'x')).error().code, Code::too_large);
  const auto text = kText + std::string(kNoteTextMaxBytes, 'x') + "\n";
  EXPECT_EQ(read_note(sign(text)).error().code, Code::too_large);
}

TEST_F(Note, comes_back_exactly) {
  const SignedNote note{"any text\n\nwith a blank line\n", {{"a", 1, {1}}, {"b/\u00E9", 0xFFFFFFFF, Bytes(64, 2)}}};
  EXPECT_EQ(must(read_note(write_note(note))), note);
}

TEST_F(Note, malformed_ones_are_refused) {
  const std::string dash = "\u2014 ";
  const auto b64 = base64::encode(Bytes(68));
  for (const auto& bad : std::vector<std::string>{
           "",
           "text\n",
           "text\n\n",
           "text\n" + dash + "a " + b64 + "\n",
           "text\n\n" + dash + "a " + b64,
           "text\n\n" + dash + "a " + b64 + "\n\n",
           "text\n\n" + dash + "a " + b64 + "\nx\n",
           "text\n\n- a " + b64 + "\n",
           "text\n\n\u2013 a " + b64 + "\n",
           "text\n\n\u2014a " + b64 + "\n",
           "text\n\n" + dash + " " + b64 + "\n",
           "text\n\n" + dash + b64 + "\n",
           "text\n\n" + dash + "a  " + b64 + "\n",
           "text\n\n" + dash + "a b " + b64 + "\n",
           "text\n\n" + dash + "a+b " + b64 + "\n",
           "text\n\n" + dash + "a\u00A0b " + b64 + "\n",
           "text\n\n" + dash + "a\t" + b64 + "\n",
           "text\n\n" + dash + "a " + b64 + "\r\n",
           "text\n\n" + dash + "a " + b64 + " \n",
           "text\n\n" + dash + "a " + base64::encode(Bytes(4)) + "\n",
           "text\n\n" + dash + "a " + base64::encode(Bytes(0)) + "\n",
           "text\n\n" + dash + "a\n",
           "text\n\n" + dash + "a AAAAAAB=\n",
           "te\rxt\n\n" + dash + "a " + b64 + "\n",
           "te\xFFxt\n\n" + dash + "a " + b64 + "\n",
           "text\n\n" + dash + std::string(256, 'a') + " " + b64 + "\n",
       }) {
    EXPECT_FALSE(read_note(bad)) << bad;
  }
}

TEST_F(Vkey, comes_back_exactly) {
  for (const auto& key : {keys.log.verifier, keys.witness.verifier}) {
    const auto read = must(VerifierKey::read(key.write()));
    EXPECT_EQ(read.name(), key.name());
    EXPECT_EQ(read.id(), key.id());
    EXPECT_EQ(read.type(), key.type());
    EXPECT_EQ(read.key(), key.key());
  }
}

TEST_F(Vkey, every_changed_character_is_refused_or_names_another_key) {
  const auto good = keys.log.verifier.write();
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    EXPECT_FALSE(VerifierKey::read(bad)) << bad;
    EXPECT_FALSE(VerifierKey::read(good.substr(0, i))) << i;
  }
  EXPECT_FALSE(VerifierKey::read(good + "\n"));
  EXPECT_FALSE(VerifierKey::read(good + "+"));
  EXPECT_FALSE(VerifierKey::read(""));
}

TEST_F(Vkey, names_and_types_are_checked) {
  const auto raw = to_bytes(keys.log.verifier.key().point());
  for (const auto* const name : {"", "a b", "a+b", "a\nb", "\u3000", "\xFF"}) {
    EXPECT_FALSE(VerifierKey::make(SignatureType::ed25519, name, raw)) << name;
  }
  EXPECT_FALSE(VerifierKey::make(SignatureType::ed25519, std::string(256, 'a'), raw));
  EXPECT_FALSE(VerifierKey::make(SignatureType::ed25519, "a", BytesView{raw}.first(31)));
  auto ml_dsa = Bytes{0x06};
  append(ml_dsa, Bytes(1312, 1));
  EXPECT_EQ(VerifierKey::read("w+00000000+" + base64::encode(ml_dsa)).error().code, Code::unsupported_media_type);
}

TEST_F(Cosigned, a_witness_is_counted_once) {
  const SignedNote note{kText,
                        {log_line(kText), witness_line(kText, 5), witness_line(kText, 9), witness_line(kText, 7)}};
  const auto opened = must(open_checkpoint(write_note(note), keys.trust()));
  ASSERT_EQ(opened.cosignatures.size(), 1U);
  EXPECT_EQ(opened.cosignatures[0].unix_seconds, 9U);
  EXPECT_EQ(opened.cosignatures[0].witness, testing::kWitness);
  auto two = keys.trust();
  two.cosignatures_min = 2;
  EXPECT_EQ(open_checkpoint(write_note(note), two).error().check, "checkpoint.cosignatures");
}

TEST_F(Cosigned, a_missing_witness_is_missed) {
  EXPECT_EQ(open_checkpoint(sign(kText), keys.trust()).error().check, "checkpoint.cosignatures");
}

TEST_F(Cosigned, the_witness_does_not_stand_for_the_log) {
  EXPECT_EQ(open_checkpoint(write_note({kText, {witness_line(kText)}}), keys.trust()).error().check,
            "checkpoint.signature");
}

TEST_F(Cosigned, time_is_signed_and_bounded) {
  auto line = witness_line(kText, 5);
  line.signature[7] = 6;
  EXPECT_FALSE(open_checkpoint(write_note({kText, {log_line(kText), line}}), keys.trust()));
  line.signature.resize(7);
  EXPECT_FALSE(open_checkpoint(write_note({kText, {log_line(kText), line}}), keys.trust()));
  EXPECT_FALSE(cosign(kText, keys.witness.verifier, std::uint64_t{1} << 63, keys.witness.signer()));
  EXPECT_TRUE(cosign(kText, keys.witness.verifier, (std::uint64_t{1} << 63) - 1, keys.witness.signer()));
}

TEST_F(Cosigned, the_message_is_that_of_the_specification) {
  std::string seen;
  const auto line = cosign(kText, keys.witness.verifier, 1'679'315'147, [&](BytesView message) {
    seen = as_text(message);
    return keys.witness.key->sign(message);
  });
  ASSERT_TRUE(line);
  EXPECT_EQ(seen, "cosignature/v1\ntime 1679315147\n" + kText);
  EXPECT_EQ(to_hex(BytesView{line->signature}.first(8)), "00000000641850cb");
  EXPECT_EQ(line->signature.size(), 72U);
}

TEST_F(Cosigned, only_checkpoints_are_cosigned_and_by_witness_keys_only) {
  EXPECT_FALSE(cosign("no checkpoint\n", keys.witness.verifier, 1, keys.witness.signer()));
  EXPECT_FALSE(cosign(kText, keys.log.verifier, 1, keys.log.signer()));
  EXPECT_EQ(cosign(kText, keys.witness.verifier, 1, keys.log.signer()).error().code, Code::hsm_fault);
}

TEST_F(Cosigned, trust_with_keys_in_wrong_places_is_refused) {
  const auto note = write_note({kText, {log_line(kText), witness_line(kText)}});
  EXPECT_FALSE(open_checkpoint(note, {keys.witness.verifier}));
  EXPECT_FALSE(open_checkpoint(note, {keys.log.verifier, {keys.log.verifier}}));
  const auto alias =
      must(VerifierKey::make(SignatureType::cosignature, "witness.example/w2", keys.witness.verifier.key().point()));
  EXPECT_FALSE(open_checkpoint(note, {keys.log.verifier, {keys.witness.verifier, alias}}))
      << "one key must not count as two witnesses";
}

}  // namespace
}  // namespace birthmark::audit

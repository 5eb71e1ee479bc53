// SPDX-License-Identifier: Apache-2.0
#include "agent/link/message.h"

#include <gtest/gtest.h>

#include "codec/cbor.h"
#include "codec/frame.h"
#include "support/wire_document.h"
#include "unit/agent/link/samples.h"

namespace birthmark::link {
namespace {

TEST(LinkMessage, every_message_is_read_as_it_was_written) {
  for (const auto& request : Samples::requests()) {
    const auto bytes = write(request);
    const auto read = read_request(bytes);
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_EQ(read->id, request.id);
    EXPECT_EQ(read->body.index(), request.body.index());
    EXPECT_EQ(write(*read), bytes);
  }
  for (const auto& reply : Samples::replies()) {
    const auto bytes = write(reply);
    const auto read = read_reply(bytes);
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_EQ(read->id, reply.id);
    EXPECT_EQ(read->body.index(), reply.body.index());
    EXPECT_EQ(write(*read), bytes);
  }
}

TEST(LinkMessage, members_come_back_with_their_values) {
  const auto read = read_request(write(Request{6, Samples::install()})).value();
  EXPECT_EQ(std::get<InstallRequest>(read.body), Samples::install());
  const auto error = read_reply(write(Reply{1, ErrorReply{{Code::conflict, "w", "c"}}})).value();
  EXPECT_EQ(std::get<ErrorReply>(error.body).error, (Error{Code::conflict, "w", "c"}));
}

// The worked vectors of docs/wire/link.md; tests/vectors/wire computes them from the page.
TEST(LinkVectors, the_document_shows_what_the_code_makes) {
  const auto shown = [](const char* name) { return test::in_document("link.md", name); };
  const auto framed = [](const auto& message) { return to_hex(frame::write_frame(write(message)).value()); };
  Octets<32> nonce{}, session{};
  for (std::size_t i = 0; i < nonce.size(); ++i) {
    nonce.at(i) = static_cast<std::uint8_t>(i);
    session.at(i) = static_cast<std::uint8_t>(0x20 + i);
  }
  EXPECT_EQ(framed(Request{1, HelloRequest{}}), shown("Frame of a hello"));
  EXPECT_EQ(framed(Reply{1, HelloReply{"tpm", "0.1.0", "4.12.0", true, false, true}}), shown("Frame of its reply"));
  EXPECT_EQ(framed(Request{3, EvidenceRequest{Nonce{nonce}, SessionId{session}}}),
            shown("Frame of an evidence request"));
  const auto creation_data = from_hex(test::in_document("evidence.md", "Creation data")).value();
  const Bytes attest(32, 0xA0), signature(32, 0xB0), csr(32, 0xC0);
  EXPECT_EQ(framed(Reply{3, EvidenceReply{agent::Statement{attest, signature}, csr, creation_data}}),
            shown("Frame of a reply with creation data"));
  EXPECT_EQ(framed(Reply{9, ErrorReply{{Code::bad_evidence, "no", "quote.signature"}}}), shown("Frame of an error"));
}

TEST(LinkMessage, no_prefix_and_no_longer_text_is_a_message) {
  const auto refused = [](const auto& read, const Bytes& whole) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const auto cut = read(BytesView{whole}.first(size));
      ASSERT_FALSE(cut) << size;
      EXPECT_EQ(cut.error().code, Code::bad_request);
    }
    auto longer = whole;
    longer.push_back(0);
    EXPECT_FALSE(read(BytesView{longer}));
  };
  for (const auto& request : Samples::requests()) {
    refused(read_request, write(request));
  }
  for (const auto& reply : Samples::replies()) {
    refused(read_reply, write(reply));
  }
}

TEST(LinkMessage, a_request_is_no_reply_and_a_reply_no_request) {
  for (const auto& request : Samples::requests()) {
    EXPECT_FALSE(read_reply(write(request)));
  }
  for (const auto& reply : Samples::replies()) {
    EXPECT_FALSE(read_request(write(reply)));
  }
}

TEST(LinkMessage, each_member_has_its_bound) {
  const auto install = [](auto change) {
    auto m = Samples::install();
    change(m);
    return read_request(write(Request{1, m})).has_value();
  };
  EXPECT_TRUE(install([](auto& m) { m.idevid = Bytes(kCertificateMaxBytes, 1); }));
  EXPECT_FALSE(install([](auto& m) { m.idevid = Bytes(kCertificateMaxBytes + 1, 1); }));
  EXPECT_FALSE(install([](auto& m) { m.idevid.clear(); }));
  EXPECT_TRUE(install([](auto& m) { m.chain.clear(); }));
  EXPECT_TRUE(install([](auto& m) { m.chain.assign(kChainMax, Bytes(3, 1)); }));
  EXPECT_FALSE(install([](auto& m) { m.chain.assign(kChainMax + 1, Bytes(3, 1)); }));
  EXPECT_FALSE(install([](auto& m) { m.chain = {Bytes{}}; }));
  EXPECT_FALSE(install([](auto& m) { m.chain = {Bytes(kCertificateMaxBytes + 1, 1)}; }));
  EXPECT_FALSE(install([](auto& m) { m.operational_roots.assign(kChainMax + 1, Bytes(3, 1)); }));
  EXPECT_FALSE(install([](auto& m) { m.statement_key = Bytes(kBlobMaxBytes + 1, 1); }));
  EXPECT_TRUE(install([](auto& m) { m.host = std::string(kTextMaxBytes, 'h'); }));
  EXPECT_FALSE(install([](auto& m) { m.host = std::string(kTextMaxBytes + 1, 'h'); }));
  EXPECT_FALSE(read_request(write(Request{1, ActivateRequest{Bytes(kBlobMaxBytes + 1, 1), Bytes{1}}})));
  EXPECT_FALSE(read_request(write(Request{1, ActivateRequest{Bytes{1}, {}}})));
  EXPECT_TRUE(read_reply(write(Reply{1, ActivateReply{Secret{Bytes(64, 1)}}})));
  EXPECT_FALSE(read_reply(write(Reply{1, ActivateReply{Secret{Bytes(65, 1)}}})));
  EXPECT_FALSE(read_reply(write(Reply{1, SealReply{agent::Statement{Bytes(kBlobMaxBytes + 1, 1), Bytes{1}}}})));
  const auto evidence = [](std::size_t creation_bytes) {
    return read_reply(write(Reply{1, EvidenceReply{Samples::statement(), Bytes{1}, Bytes(creation_bytes, 1)}}));
  };
  EXPECT_TRUE(evidence(kBlobMaxBytes));
  EXPECT_FALSE(evidence(kBlobMaxBytes + 1));
}

/// One map with the given members, written by hand.
template <class Put>
Bytes by_hand(std::size_t members, std::uint64_t kind, Put put) {
  cbor::Writer out;
  out.map(members).unsigned_int(0).unsigned_int(kind).unsigned_int(1).unsigned_int(1);
  put(out);
  return out.finish();
}

TEST(LinkMessage, members_that_are_missing_foreign_or_of_another_type_are_refused) {
  const Bytes id(32, 1);
  const auto seal = static_cast<std::uint64_t>(Kind::seal);
  const auto good = [&](cbor::Writer& out) {
    out.unsigned_int(2).bytes(id).unsigned_int(3).bytes(id).unsigned_int(4).bytes(id);
  };
  EXPECT_TRUE(read_request(by_hand(5, seal, good)));
  EXPECT_FALSE(read_request(by_hand(6, seal, [&](cbor::Writer& out) {
    good(out);
    out.unsigned_int(5).bytes(id);
  })));
  EXPECT_FALSE(read_request(
      by_hand(4, seal, [&](cbor::Writer& out) { out.unsigned_int(2).bytes(id).unsigned_int(3).bytes(id); })));
  EXPECT_FALSE(read_request(by_hand(5, seal, [&](cbor::Writer& out) {
    out.unsigned_int(2).text("nonce").unsigned_int(3).bytes(id).unsigned_int(4).bytes(id);
  })));
  EXPECT_FALSE(read_request(by_hand(5, seal, [&](cbor::Writer& out) {
    out.unsigned_int(2).bytes(BytesView{id}.first(31)).unsigned_int(3).bytes(id).unsigned_int(4).bytes(id);
  })));
  const auto nothing = [](cbor::Writer&) {};
  EXPECT_TRUE(read_request(by_hand(2, 1, nothing)));
  EXPECT_FALSE(read_request(by_hand(2, 0, nothing)));
  EXPECT_FALSE(read_request(by_hand(2, 8, nothing)));
  EXPECT_FALSE(read_request(by_hand(2, 1U << 20U, nothing)));
}

TEST(LinkMessage, creation_data_may_be_missing_but_not_empty) {
  const auto evidence = [](std::size_t members, auto more) {
    return read_reply(by_hand(members, 67, [&](cbor::Writer& out) {
      out.unsigned_int(2).bytes(Bytes{1}).unsigned_int(3).bytes(Bytes{2}).unsigned_int(4).bytes(Bytes{3});
      more(out);
    }));
  };
  const auto certified = evidence(5, [](cbor::Writer&) {});
  ASSERT_TRUE(certified);
  EXPECT_EQ(std::get<EvidenceReply>(certified->body).creation_data, Bytes{});
  const auto created = evidence(6, [](cbor::Writer& out) { out.unsigned_int(5).bytes(Bytes{4}); });
  ASSERT_TRUE(created);
  EXPECT_EQ(std::get<EvidenceReply>(created->body).creation_data, Bytes{4});
  EXPECT_FALSE(evidence(6, [](cbor::Writer& out) { out.unsigned_int(5).bytes({}); }));
  EXPECT_FALSE(evidence(6, [](cbor::Writer& out) { out.unsigned_int(6).bytes(Bytes{4}); }));
}

TEST(LinkMessage, unknown_words_are_refused) {
  const Bytes id(32, 1);
  EXPECT_FALSE(read_request(by_hand(5, 3, [&](cbor::Writer& out) {
    out.unsigned_int(2).bytes(id).unsigned_int(3).bytes(id).unsigned_int(4).text("anything");
  })));
  const auto error = [](std::string_view code, std::string_view detail) {
    return read_reply(
               by_hand(4, 127, [&](cbor::Writer& out) { out.unsigned_int(2).text(code).unsigned_int(3).text(detail); }))
        .has_value();
  };
  EXPECT_TRUE(error("conflict", "words"));
  EXPECT_FALSE(error("no_such_code", "words"));
  EXPECT_FALSE(error("conflict", "two\nlines"));
}

TEST(LinkMessage, the_words_of_an_error_go_out_plain_and_bounded) {
  const Error error{Code::conflict, "evil\x1b[2J\xff" + std::string(1000, 'x'), {}};
  const auto read = read_reply(write(Reply{1, ErrorReply{error}})).value();
  const auto& detail = std::get<ErrorReply>(read.body).error.detail;
  EXPECT_TRUE(detail.starts_with("evil?[2J?xxx"));
  EXPECT_EQ(detail.size(), kTextMaxBytes);
}

}  // namespace
}  // namespace birthmark::link

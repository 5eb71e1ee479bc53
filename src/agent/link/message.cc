// SPDX-License-Identifier: Apache-2.0
#include "agent/link/message.h"

#include <algorithm>
#include <concepts>
#include <type_traits>

#include "agent/link/fields.h"
#include "codec/cbor.h"

namespace birthmark::link {
namespace {

constexpr std::uint64_t kReplyOffset = 64;
constexpr std::uint64_t kErrorKind = 127;
constexpr std::uint64_t kIdMax = 0xFFFFFFFF;

// Every `put` writes the members from 2 on, every `get` reads the same ones; `size` is how many `put` writes.

template <class T>
concept Empty = std::is_empty_v<T>;

template <Empty T>
std::size_t size(const T&) {
  return 0;
}
template <Empty T>
void put(cbor::Writer&, const T&) {}
template <Empty T>
Result<void> get(Fields&, T&) {
  return {};
}

void put_list(cbor::Writer& out, const std::vector<Bytes>& items) {
  out.array(items.size());
  for (const auto& item : items) {
    out.bytes(item);
  }
}

std::size_t size(const EvidenceRequest& m) {
  return m.device ? 4 : 3;
}
void put(cbor::Writer& out, const EvidenceRequest& m) {
  out.unsigned_int(2).bytes(m.nonce.get()).unsigned_int(3).bytes(m.session.get());
  out.unsigned_int(4).text(lifecycle::name(m.purpose));
  if (m.device) {
    out.unsigned_int(5).bytes(m.device->get());
  }
}
Result<void> get(Fields& in, EvidenceRequest& m) {
  BM_TRY(m.nonce, in.id<Nonce>(2));
  BM_TRY(m.session, in.id<SessionId>(3));
  BM_TRY(const auto purpose, in.text(4, kTextMaxBytes));
  const auto named = lifecycle::purpose_named(purpose);
  if (!named) {
    return fail(Code::bad_request, "link: unknown purpose");
  }
  m.purpose = *named;
  BM_TRY(const bool has_device, in.has(5));
  if (has_device) {
    BM_TRY(m.device, in.id<DeviceId>(5));
  }
  return {};
}

std::size_t size(const ActivateRequest&) {
  return 2;
}
void put(cbor::Writer& out, const ActivateRequest& m) {
  out.unsigned_int(2).bytes(m.id_object).unsigned_int(3).bytes(m.encrypted_secret);
}
Result<void> get(Fields& in, ActivateRequest& m) {
  BM_TRY(m.id_object, in.bytes(2, kBlobMaxBytes));
  BM_TRY(m.encrypted_secret, in.bytes(3, kBlobMaxBytes));
  return {};
}

std::size_t size(const InstallRequest&) {
  return 8;
}
void put(cbor::Writer& out, const InstallRequest& m) {
  out.unsigned_int(2).bytes(m.idevid).unsigned_int(3);
  put_list(out, m.chain);
  out.unsigned_int(4).bytes(m.service_root).unsigned_int(5);
  put_list(out, m.operational_roots);
  out.unsigned_int(6).bytes(m.statement_key).unsigned_int(7).text(m.host);
  out.unsigned_int(8).unsigned_int(m.device_port).unsigned_int(9).unsigned_int(m.public_port);
}
Result<void> get(Fields& in, InstallRequest& m) {
  BM_TRY(m.idevid, in.bytes(2, kCertificateMaxBytes));
  BM_TRY(m.chain, in.list(3, kChainMax, kCertificateMaxBytes));
  BM_TRY(m.service_root, in.bytes(4, kCertificateMaxBytes));
  BM_TRY(m.operational_roots, in.list(5, kChainMax, kCertificateMaxBytes));
  BM_TRY(m.statement_key, in.bytes(6, kBlobMaxBytes));
  BM_TRY(m.host, in.text(7, kTextMaxBytes));
  BM_TRY(const auto device_port, in.number(8, 65535));
  BM_TRY(const auto public_port, in.number(9, 65535));
  m.device_port = static_cast<std::uint16_t>(device_port);
  m.public_port = static_cast<std::uint16_t>(public_port);
  return {};
}

std::size_t size(const SealRequest&) {
  return 3;
}
void put(cbor::Writer& out, const SealRequest& m) {
  out.unsigned_int(2).bytes(m.nonce.get()).unsigned_int(3).bytes(m.session.get());
  out.unsigned_int(4).bytes(m.device.get());
}
Result<void> get(Fields& in, SealRequest& m) {
  BM_TRY(m.nonce, in.id<Nonce>(2));
  BM_TRY(m.session, in.id<SessionId>(3));
  BM_TRY(m.device, in.id<DeviceId>(4));
  return {};
}

std::size_t size(const RetireRequest& m) {
  return m.permit ? 4 : 3;
}
void put(cbor::Writer& out, const RetireRequest& m) {
  out.unsigned_int(2).bytes(m.nonce.get()).unsigned_int(3).bytes(m.session.get());
  out.unsigned_int(4).bytes(m.device.get());
  if (m.permit) {
    out.unsigned_int(5).bytes(*m.permit);
  }
}
Result<void> get(Fields& in, RetireRequest& m) {
  BM_TRY(m.nonce, in.id<Nonce>(2));
  BM_TRY(m.session, in.id<SessionId>(3));
  BM_TRY(m.device, in.id<DeviceId>(4));
  BM_TRY(const bool has_permit, in.has(5));
  if (has_permit) {
    BM_TRY(m.permit, in.bytes(5, kBlobMaxBytes));
  }
  return {};
}

std::size_t size(const HelloReply&) {
  return 6;
}
void put(cbor::Writer& out, const HelloReply& m) {
  out.unsigned_int(2).text(m.root_kind).unsigned_int(3).text(m.agent_version).unsigned_int(4).text(m.firmware);
  out.unsigned_int(5).boolean(m.secure_boot).unsigned_int(6).boolean(m.lockdown);
  out.unsigned_int(7).boolean(m.simulated);
}
Result<void> get(Fields& in, HelloReply& m) {
  BM_TRY(m.root_kind, in.text(2, kTextMaxBytes));
  BM_TRY(m.agent_version, in.text(3, kTextMaxBytes));
  BM_TRY(m.firmware, in.text(4, kTextMaxBytes));
  BM_TRY(m.secure_boot, in.boolean(5));
  BM_TRY(m.lockdown, in.boolean(6));
  BM_TRY(m.simulated, in.boolean(7));
  return {};
}

std::size_t size(const KeysReply& m) {
  return m.tpm ? 5 : 2;
}
void put(cbor::Writer& out, const KeysReply& m) {
  if (m.tpm) {
    out.unsigned_int(2).bytes(m.tpm->ek_certificate).unsigned_int(3);
    put_list(out, m.tpm->ek_chain);
    out.unsigned_int(4).bytes(m.tpm->ek_public).unsigned_int(5).bytes(m.tpm->ak_public);
  }
  out.unsigned_int(6).bytes(m.idevid_public);
  if (!m.tpm) {
    out.unsigned_int(7).bytes(m.public_identity);
  }
}
Result<void> get(Fields& in, KeysReply& m) {
  BM_TRY(const bool is_tpm, in.has(2));
  if (is_tpm) {
    TpmKeys tpm;
    BM_TRY(tpm.ek_certificate, in.bytes(2, kCertificateMaxBytes));
    BM_TRY(tpm.ek_chain, in.list(3, kChainMax, kCertificateMaxBytes));
    BM_TRY(tpm.ek_public, in.bytes(4, kBlobMaxBytes));
    BM_TRY(tpm.ak_public, in.bytes(5, kBlobMaxBytes));
    m.tpm = std::move(tpm);
  }
  BM_TRY(m.idevid_public, in.bytes(6, kBlobMaxBytes));
  if (!is_tpm) {
    BM_TRY(m.public_identity, in.bytes(7, kBlobMaxBytes));
  }
  return {};
}

void put_statement(cbor::Writer& out, const agent::Statement& s) {
  out.unsigned_int(2).bytes(s.attest).unsigned_int(3).bytes(s.signature);
}
Result<agent::Statement> get_statement(Fields& in) {
  agent::Statement s;
  BM_TRY(s.attest, in.bytes(2, kBlobMaxBytes));
  BM_TRY(s.signature, in.bytes(3, kBlobMaxBytes));
  return s;
}

std::size_t size(const EvidenceReply& m) {
  return 1 + (m.statement ? 2 : 0) + (m.creation_data.empty() ? 0 : 1);
}
void put(cbor::Writer& out, const EvidenceReply& m) {
  if (m.statement) {
    put_statement(out, *m.statement);
  }
  out.unsigned_int(4).bytes(m.csr);
  if (!m.creation_data.empty()) {
    out.unsigned_int(5).bytes(m.creation_data);
  }
}
Result<void> get(Fields& in, EvidenceReply& m) {
  BM_TRY(const bool of_tpm, in.has(2));
  if (of_tpm) {
    BM_TRY(m.statement, get_statement(in));
  }
  BM_TRY(m.csr, in.bytes(4, kCertificateMaxBytes));
  BM_TRY(const bool of_creation, of_tpm ? in.has(5) : Result<bool>{false});
  if (of_creation) {
    BM_TRY(m.creation_data, in.bytes(5, kBlobMaxBytes));
  }
  return {};
}

std::size_t size(const ActivateReply&) {
  return 1;
}
void put(cbor::Writer& out, const ActivateReply& m) {
  out.unsigned_int(2).bytes(m.secret.reveal());
}
Result<void> get(Fields& in, ActivateReply& m) {
  BM_TRY(auto secret, in.bytes(2, 64));
  m.secret = Secret{std::move(secret)};
  return {};
}

/// A TPM answers with a quote in members 2 and 3, every other kind with a bundle in member 4.
template <class T>
concept Proving = std::same_as<T, SealReply> || std::same_as<T, RetireReply>;
template <Proving T>
std::size_t size(const T& m) {
  return std::holds_alternative<agent::Statement>(m.proof) ? 2 : 1;
}
template <Proving T>
void put(cbor::Writer& out, const T& m) {
  if (const auto* const quote = std::get_if<agent::Statement>(&m.proof)) {
    put_statement(out, *quote);
  } else {
    out.unsigned_int(4).bytes(std::get<agent::BundleProof>(m.proof).bundle);
  }
}
template <Proving T>
Result<void> get(Fields& in, T& m) {
  BM_TRY(const bool is_quote, in.has(2));
  if (is_quote) {
    BM_TRY(m.proof, get_statement(in));
  } else {
    BM_TRY(auto bundle, in.bytes(4, kCertificateMaxBytes));
    m.proof = agent::BundleProof{std::move(bundle)};
  }
  return {};
}

std::size_t size(const ErrorReply& m) {
  return m.error.check.empty() ? 2 : 3;
}
bool printable(char c) {
  return c >= 0x20 && c < 0x7F;
}
/// Bounded and plain: details may quote what a peer sent.
std::string plain(std::string_view text) {
  std::string kept{text.substr(0, kTextMaxBytes)};
  std::ranges::replace_if(
      kept, [](char c) { return !printable(c); }, '?');
  return kept;
}
Result<std::string> plain_text(Fields& in, std::uint64_t key) {
  BM_TRY(auto text, in.text(key, kTextMaxBytes));
  return std::ranges::all_of(text, printable) ? Result<std::string>{std::move(text)}
                                              : fail(Code::bad_request, "link: an error's words are not plain");
}

void put(cbor::Writer& out, const ErrorReply& m) {
  out.unsigned_int(2).text(info(m.error.code).name).unsigned_int(3).text(plain(m.error.detail));
  if (!m.error.check.empty()) {
    out.unsigned_int(4).text(plain(m.error.check));
  }
}
Result<void> get(Fields& in, ErrorReply& m) {
  BM_TRY(const auto name, in.text(2, kTextMaxBytes));
  const auto code = code_named(name);
  if (!code) {
    return fail(Code::bad_request, "link: unknown error code");
  }
  BM_TRY(auto detail, plain_text(in, 3));
  m.error = {*code, std::move(detail), {}};
  BM_TRY(const bool has_check, in.has(4));
  if (has_check) {
    BM_TRY(m.error.check, plain_text(in, 4));
    if (m.error.check.empty()) {
      return fail(Code::bad_request, "link: an empty check");
    }
  }
  return {};
}

template <class Body>
Bytes write_message(std::uint64_t kind, std::uint32_t id, const Body& body) {
  cbor::Writer out;
  out.map(2 + size(body)).unsigned_int(0).unsigned_int(kind).unsigned_int(1).unsigned_int(id);
  put(out, body);
  return out.finish();
}

/// Reads into the alternative of `Message::body` whose kind is `kind`.
template <class Message, class Body>
bool read_as(std::uint64_t kind, std::uint64_t wanted, Fields& in, Message& message, Result<void>& outcome) {
  if (kind != wanted) {
    return false;
  }
  Body body;
  outcome = get(in, body);
  message.body = std::move(body);
  return true;
}

template <class Message>
Result<Message> end(bool known, Result<void> outcome, Fields& in, Message message) {
  if (!known) {
    return fail(Code::bad_request, "link: unknown kind of message");
  }
  BM_CHECK(outcome);
  BM_CHECK(in.finish());
  return message;
}

constexpr std::uint64_t number(Kind kind) {
  return static_cast<std::uint64_t>(kind);
}

}  // namespace

Bytes write(const Request& request) {
  return std::visit([&]<class Body>(const Body& body) { return write_message(number(Body::kKind), request.id, body); },
                    request.body);
}

Bytes write(const Reply& reply) {
  return std::visit(
      [&]<class Body>(const Body& body) {
        if constexpr (std::same_as<Body, ErrorReply>) {
          return write_message(kErrorKind, reply.id, body);
        } else {
          return write_message(number(Body::kKind) + kReplyOffset, reply.id, body);
        }
      },
      reply.body);
}

Result<Request> read_request(BytesView body) {
  BM_TRY(auto in, Fields::open(body));
  BM_TRY(const auto kind, in.number(0, 255));
  BM_TRY(const auto id, in.number(1, kIdMax));
  Request message{static_cast<std::uint32_t>(id), HelloRequest{}};
  Result<void> outcome;
  const bool known = [&]<class... Body>(const std::variant<Body...>&) {
    return (read_as<Request, Body>(kind, number(Body::kKind), in, message, outcome) || ...);
  }(message.body);
  return end(known, std::move(outcome), in, std::move(message));
}

Result<Reply> read_reply(BytesView body) {
  BM_TRY(auto in, Fields::open(body));
  BM_TRY(const auto kind, in.number(0, 255));
  BM_TRY(const auto id, in.number(1, kIdMax));
  Reply message{static_cast<std::uint32_t>(id), HelloReply{}};
  Result<void> outcome;
  const auto one = [&]<class Body>(const Body*) {
    if constexpr (std::same_as<Body, ErrorReply>) {
      return read_as<Reply, Body>(kind, kErrorKind, in, message, outcome);
    } else {
      return read_as<Reply, Body>(kind, number(Body::kKind) + kReplyOffset, in, message, outcome);
    }
  };
  const bool known = [&]<class... Body>(const std::variant<Body...>&) {
    return (one(static_cast<const Body*>(nullptr)) || ...);
  }(message.body);
  return end(known, std::move(outcome), in, std::move(message));
}

}  // namespace birthmark::link

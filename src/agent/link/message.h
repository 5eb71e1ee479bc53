// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "agent/hardware/hardware_root.h"
#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/secret.h"
#include "lifecycle/device_id.h"

// The device link: what a station asks of a passive device, one request and one reply at a time (docs/wire/link.md).
namespace birthmark::link {

/// The first member of every message. Numbers never change; a reply carries its request's number plus 64.
enum class Kind : std::uint8_t { hello = 1, keys = 2, evidence = 3, activate = 4, install = 5, seal = 6, retire = 7 };

inline constexpr std::size_t kCertificateMaxBytes = std::size_t{16} * 1024;
inline constexpr std::size_t kBlobMaxBytes = std::size_t{2} * 1024;
inline constexpr std::size_t kTextMaxBytes = 256;
inline constexpr std::size_t kChainMax = 8;

struct HelloRequest {
  static constexpr Kind kKind = Kind::hello;
};
struct KeysRequest {
  static constexpr Kind kKind = Kind::keys;
};
/// A statement about the IDevID key with this freshness value, and a request signed by it.
struct EvidenceRequest {
  static constexpr Kind kKind = Kind::evidence;
  Nonce nonce;
  SessionId session;
  lifecycle::Purpose purpose = lifecycle::Purpose::provision;
  std::optional<DeviceId> device = {};
};
struct ActivateRequest {
  static constexpr Kind kKind = Kind::activate;
  Bytes id_object;
  Bytes encrypted_secret;
};
/// What a device leaves the line with: its birth certificate, whom it may believe, and where it enrolls.
struct InstallRequest {
  static constexpr Kind kKind = Kind::install;
  Bytes idevid;              ///< certificate, DER
  std::vector<Bytes> chain;  ///< above it, at most kChainMax
  Bytes service_root;        ///< certificate; the only anchor for servers (AC-42)
  std::vector<Bytes> operational_roots;
  Bytes statement_key;  ///< SubjectPublicKeyInfo of the key that signs time and receipts
  std::string host;
  std::uint16_t device_port = 0;
  std::uint16_t public_port = 0;  ///< 0: none
  friend bool operator==(const InstallRequest&, const InstallRequest&) = default;
};
struct SealRequest {
  static constexpr Kind kKind = Kind::seal;
  Nonce nonce;
  SessionId session;
  DeviceId device;
};
/// Quotes; with a permit it clears the owner hierarchy first.
struct RetireRequest {
  static constexpr Kind kKind = Kind::retire;
  Nonce nonce;
  SessionId session;
  DeviceId device;
  std::optional<Bytes> permit = {};  ///< the registry's signature (docs/wire/statements.md)
};

/// What the device claims of itself; nothing here is proved.
struct HelloReply {
  static constexpr Kind kKind = Kind::hello;
  std::string root_kind;
  std::string agent_version;
  std::string firmware;
  bool secure_boot = false;
  bool lockdown = false;
  bool simulated = false;  ///< a software TPM: what stands here are settings of a test device, not readings
};
/// What a TPM shows of itself.
struct TpmKeys {
  Bytes ek_certificate;
  std::vector<Bytes> ek_chain;
  Bytes ek_public;
  Bytes ak_public;
  friend bool operator==(const TpmKeys&, const TpmKeys&) = default;
};
struct KeysReply {
  static constexpr Kind kKind = Kind::keys;
  std::optional<TpmKeys> tpm;  ///< none: a root of another kind
  Bytes idevid_public;         ///< TPMT_PUBLIC; of another kind SubjectPublicKeyInfo
  Bytes public_identity = {};  ///< what the DeviceId is made of; empty: of a TPM, whose endorsement tells
};
struct EvidenceReply {
  static constexpr Kind kKind = Kind::evidence;
  std::optional<agent::Statement> statement;  ///< of TPM2_Certify, or of TPM2_CertifyCreation; none: another kind,
                                              ///< whose evidence is an attribute of the request
  Bytes csr;
  Bytes creation_data = {};  ///< TPMS_CREATION_DATA of the IDevID key; empty: it was certified
};
struct ActivateReply {
  static constexpr Kind kKind = Kind::activate;
  Secret secret;
};
struct InstallReply {
  static constexpr Kind kKind = Kind::install;
};
struct SealReply {
  static constexpr Kind kKind = Kind::seal;
  agent::SelfProof proof;
};
struct RetireReply {
  static constexpr Kind kKind = Kind::retire;
  agent::SelfProof proof;
};
/// The device refused or failed.
struct ErrorReply {
  Error error;
};

struct Request {
  std::uint32_t id = 0;
  std::variant<HelloRequest, KeysRequest, EvidenceRequest, ActivateRequest, InstallRequest, SealRequest, RetireRequest>
      body;
};
struct Reply {
  std::uint32_t id = 0;
  std::variant<HelloReply, KeysReply, EvidenceReply, ActivateReply, InstallReply, SealReply, RetireReply, ErrorReply>
      body;
};

/// One map of deterministic CBOR, as a frame carries it.
Bytes write(const Request& request);
Bytes write(const Reply& reply);

/// Reads exactly one message: every member that its kind names, no other, each inside its bounds.
/// @error bad_request: anything else.
Result<Request> read_request(BytesView body);
Result<Reply> read_reply(BytesView body);

}  // namespace birthmark::link

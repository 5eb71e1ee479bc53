// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "agent/link/message.h"

namespace birthmark::link {

/// Every kind of message with members of unequal content, so that no two can be mistaken for one another.
struct Samples {
  static Bytes blob(std::uint8_t fill, std::size_t size = 40) { return Bytes(size, fill); }
  template <class Id>
  static Id id(std::uint8_t fill) {
    Octets<32> octets{};
    octets.fill(fill);
    return Id{octets};
  }
  static agent::Statement statement() { return {blob(0x51, 130), blob(0x52, 72)}; }
  static InstallRequest install() {
    InstallRequest m;
    m.idevid = blob(1, 600);
    m.chain = {blob(2, 500), blob(3, 510)};
    m.service_root = blob(4, 450);
    m.operational_roots = {blob(5, 460)};
    m.statement_key = blob(6, 91);
    m.host = "registry.example";
    m.device_port = 8443;
    m.public_port = 8080;
    return m;
  }
  static std::vector<Request> requests() {
    const auto nonce = id<Nonce>(7);
    const auto session = id<SessionId>(8);
    const auto device = id<DeviceId>(9);
    std::vector<Request> all;
    all.push_back({1, HelloRequest{}});
    all.push_back({2, KeysRequest{}});
    all.push_back({3, EvidenceRequest{nonce, session, lifecycle::Purpose::provision, std::nullopt}});
    all.push_back({4, EvidenceRequest{nonce, session, lifecycle::Purpose::renew, device}});
    all.push_back({5, ActivateRequest{blob(10), blob(11)}});
    all.push_back({6, install()});
    all.push_back({7, SealRequest{nonce, session, device}});
    all.push_back({8, RetireRequest{nonce, session, device}});
    all.push_back({0xFFFFFFFF, RetireRequest{nonce, session, device, blob(20)}});
    return all;
  }
  static std::vector<Reply> replies() {
    std::vector<Reply> all;
    all.push_back({1, HelloReply{"tpm", "0.1.0", "4.12.0", true, false, true}});
    all.push_back({2, KeysReply{TpmKeys{blob(12), {blob(13), blob(14)}, blob(15), blob(16)}, blob(17)}});
    all.push_back({3, EvidenceReply{statement(), blob(18, 300)}});
    all.push_back({4, ActivateReply{Secret{blob(19, 32)}}});
    all.push_back({5, InstallReply{}});
    all.push_back({6, SealReply{statement()}});
    all.push_back({7, RetireReply{statement()}});
    all.push_back({8, ErrorReply{{Code::unavailable, "the TPM is away", {}}}});
    all.push_back({9, ErrorReply{{Code::bad_evidence, "no", "quote.signature"}}});
    all.push_back({10, EvidenceReply{statement(), blob(18, 300), blob(20, 110)}});
    all.push_back({11, KeysReply{std::nullopt, blob(17), blob(21)}});
    all.push_back({12, EvidenceReply{std::nullopt, blob(18, 300)}});
    all.push_back({13, SealReply{agent::BundleProof{blob(22, 400)}}});
    all.push_back({14, RetireReply{agent::BundleProof{blob(22, 400)}}});
    return all;
  }
};

}  // namespace birthmark::link

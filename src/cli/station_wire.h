// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "agent/link/message.h"
#include "base/result.h"
#include "cli/api_client.h"
#include "codec/json.h"

// The line's bodies of docs/wire/api.md, as a station writes and reads them. Members that it does not know are let
// through: a newer server may say more.
namespace birthmark::cli::wire {

struct Challenge {
  SessionId session;
  Nonce nonce;
};
struct Activation {
  SessionId session;
  Bytes id_object;
  Bytes encrypted_secret;
};
struct Issued {
  Bytes certificate;
  std::vector<Bytes> chain;
  std::string serial;
};
/// What the server gives to every device of the line: whom it may believe.
struct Anchors {
  Bytes service_root;
  std::vector<Bytes> operational_roots;
  Bytes statement_key;
};

/// All: @error bad_json
Result<Challenge> read_challenge(const boost::json::value& value);
Result<Issued> read_issued(const boost::json::value& value);
/// The answer to evidence: an activation to solve, or the certificate of the same request before.
Result<std::variant<Activation, Issued>> read_evidence_answer(const boost::json::value& value);
Result<Anchors> read_anchors(const boost::json::value& value);

boost::json::object statement(const agent::Statement& statement);
/// Puts a device's answer about itself into a body: `quote` of a TPM, `evidence` of any other kind.
void add_proof(boost::json::object& body, const agent::SelfProof& proof);
/// Which device it says that it is, computed as the registry does; the registry believes its own alone.
/// @error bad_request: a kind of root that is not known, or an endorsement certificate that cannot be read
Result<DeviceId> device_of(const link::HelloReply& hello, const link::KeysReply& keys);
/// Base64 texts.
boost::json::array list(const std::vector<Bytes>& items);

}  // namespace birthmark::cli::wire

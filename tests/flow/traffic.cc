// SPDX-License-Identifier: Apache-2.0
#include "flow/traffic.h"

#include <cstdio>
#include <cstdlib>
#include <thread>
#include <utility>

namespace birthmark::test {

Client::Client(const Server& server, History& history, std::uint64_t seed, Refusals refusals)
    : server_{server},
      history_{history},
      random_{seed},
      refusals_{refusals},
      people_{server},
      open_{server, Listener::open, nullptr} {}

void Client::join(const std::string& name, const std::string& batch) {
  stations_ = std::make_unique<Line::Stations>(Line::enroll(people_, name, batch));
  line_ = std::make_unique<Line>(server_, *stations_);
}

bool Client::took(Living& d, const Answer& answer, const std::string& what) {
  if (answer.silent()) {
    d.unsure = true;
    ++cut_off_;
    return false;
  }
  if (answer.ok()) {
    return true;
  }
  ++refused_;
  // A storage failure leaves it open whether it was done: what counts is what was acknowledged.
  d.unsure = d.unsure || answer.status == 503;
  if (refusals_ == Refusals::surprise || answer.status != 503) {
    history_.surprise(what + " of device " + to_hex(BytesView{d.device.id.get()}.first(6)) +
                      " was refused: " + answer.words());
  }
  return true;
}

bool Client::provision(Living& d) {
  const auto answer = line_->provision(d.device);
  if (!took(d, answer, "provisioning")) {
    return false;
  }
  if (answer.ok()) {
    history_.issued(d.device.id, d.device.idevid_identity->chain.front());
  }
  return true;
}

bool Client::seal(Living& d) {
  const auto answer = line_->seal(d.device);
  if (!took(d, answer, "the seal")) {
    return false;
  }
  if (answer.ok()) {
    d.state = 1;
    history_.in_state(d.device.id, 1);
  }
  return true;
}

bool Client::enroll(Living& d) {
  const auto answer = d.state == 1 ? line_->enroll(d.device) : line_->simpleenroll(d.device);
  if (!took(d, answer, "enrollment")) {
    return false;
  }
  if (answer.ok()) {
    history_.issued(d.device.id, d.device.ldevid_identity->chain.front());
    d.state = 2;
    history_.in_state(d.device.id, 2);
  }
  return true;
}

bool Client::telemetry(Living& d) {
  const auto begun = history_.now();
  const auto answer = line_->telemetry(d.device);
  if (!took(d, answer, "telemetry")) {
    return false;
  }
  if (answer.ok()) {
    history_.admitted(d.device.id, begun);
    d.state = 3;
    history_.in_state(d.device.id, 3);
  }
  return true;
}

bool Client::must_not_be_admitted(Living& d) {
  const auto begun = history_.now();
  const auto answer = line_->telemetry(d.device);
  if (answer.silent()) {
    ++cut_off_;
    return false;
  }
  if (answer.ok()) {
    history_.admitted(d.device.id, begun);
  }
  return true;
}

bool Client::renew(Living& d) {
  const auto answer = line_->renew(d.device);
  if (!took(d, answer, "renewal")) {
    return false;
  }
  if (answer.ok()) {
    history_.issued(d.device.id, d.device.ldevid_identity->chain.front());
  }
  return true;
}

bool Client::revalidate(Living& d) {
  history_.restoring(d.device.id);
  const auto answer = line_->revalidate(d.device);
  if (!took(d, answer, "revalidation")) {
    return false;
  }
  if (answer.ok() && answer.json().contains("certificate")) {
    history_.issued(d.device.id, d.device.ldevid_identity->chain.front());
  }
  return true;
}

bool Client::act(Living& d, const std::string& action) {
  if (action == "release") {
    history_.restoring(d.device.id);
  }
  const auto answer = people_.act(action, d.device.id);
  if (!took(d, answer, action)) {
    return false;
  }
  if (answer.ok()) {
    d.state = static_cast<unsigned>(answer.text("state").at(1) - '0');
    history_.in_state(d.device.id, d.state);
  }
  return true;
}

bool Client::settle(Living& d) {
  const auto answer = people_.show(d.device.id);
  if (answer.silent()) {
    ++cut_off_;
    return false;
  }
  if (answer.ok()) {
    d.state = static_cast<unsigned>(answer.text("state").at(1) - '0');
    history_.in_state(d.device.id, d.state);
  } else if (answer.code != "not_found" || d.device.idevid_identity) {
    history_.surprise("the registry does not tell the state of a device: " + answer.words());
  }
  d.unsure = false;
  // What the lost answer held is given again to who asks again (AC-05).
  if (d.state == 0 && !d.device.idevid_identity) {
    return provision(d);
  }
  return d.state == 2 && !d.device.ldevid_identity ? enroll(d) : true;
}

bool Client::keep_checkpoint() {
  auto answer = open_.get("/log/checkpoint");
  if (answer.silent()) {
    return false;
  }
  if (answer.ok()) {
    history_.checkpoint(std::move(answer.body));
  }
  return true;
}

/// S0 to S2: one way, with a unit that is scrapped now and then.
bool Client::forward(Living& d) {
  if (d.state == 0 && !d.device.idevid_identity) {
    return provision(d);
  }
  if (d.state < 2 && chance(12) == 0) {
    return act(d, "reject");
  }
  if (d.state == 0) {
    return seal(d);
  }
  if (d.state == 1 || !d.device.ldevid_identity) {
    return enroll(d);
  }
  return chance(12) == 0 ? act(d, "revoke") : telemetry(d);
}

bool Client::in_the_field(Living& d) {
  switch (chance(8)) {
    case 0:
    case 1:
      return act(d, "suspend");
    case 2:
      return act(d, "revoke");
    case 3:
    case 4:
      return renew(d);
    default:
      return telemetry(d);
  }
}

/// S4 and S5.
bool Client::restrained(Living& d) {
  if (chance(2) == 0) {
    return must_not_be_admitted(d);
  }
  if (d.state == 5 || chance(6) == 0) {
    return act(d, "retire");
  }
  return chance(3) == 0 ? act(d, "revoke") : revalidate(d) && (d.unsure || act(d, "release"));
}

bool Client::step() {
  ++steps_;
  if (steps_ % 8 == 0 && !keep_checkpoint()) {
    return false;
  }
  std::erase_if(devices_, [](const Living& d) { return d.state == 6 && !d.unsure; });
  while (devices_.size() < kDevices) {
    devices_.emplace_back(server_);
  }
  auto& d = devices_[chance(kDevices)];
  if (d.unsure) {
    return settle(d);
  }
  if (d.state < 3) {
    return forward(d);
  }
  return d.state == 3 ? in_the_field(d) : restrained(d);
}

Traffic::Traffic(const Server& server, History& history, const std::string& batch, unsigned clients, std::uint64_t seed,
                 Refusals refusals)
    : history_{history} {
  for (unsigned i = 0; i < clients; ++i) {
    clients_.emplace_back(server, history, seed + i, refusals).join("client-" + std::to_string(i), batch);
  }
}

unsigned Traffic::run(unsigned steps_each) {
  {
    std::vector<std::jthread> threads;
    for (auto& client : clients_) {
      threads.emplace_back([this, &client, steps_each] {
        try {
          for (unsigned i = 0; i < steps_each && client.step(); ++i) {
          }
        } catch (const std::exception& error) {
          history_.surprise(std::string{"a client came to its end: "} + error.what());
        }
      });
    }
  }
  unsigned cut_off = 0;
  for (auto& client : clients_) {
    cut_off += client.take_cut_off();
  }
  return cut_off;
}

unsigned Traffic::steps() const {
  unsigned sum = 0;
  for (const auto& client : clients_) {
    sum += client.steps();
  }
  return sum;
}

unsigned Traffic::refused() const {
  unsigned sum = 0;
  for (const auto& client : clients_) {
    sum += client.refused();
  }
  return sum;
}

std::uint64_t printed_seed() {
  const char* const given = std::getenv("BIRTHMARK_SEED");
  const auto seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::uint64_t{std::random_device{}()};
  std::printf("seed: BIRTHMARK_SEED=%llu\n", static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  return seed;
}

bool long_run() {
  const char* const given = std::getenv("BIRTHMARK_LONG");
  return given != nullptr && *given != '\0' && std::string_view{given} != "0";
}

}  // namespace birthmark::test

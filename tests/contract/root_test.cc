// SPDX-License-Identifier: Apache-2.0
#include <sys/eventfd.h>
#include <unistd.h>

#include <thread>

#include "adapters/clock/system_clock.h"
#include "adapters/entropy/system_entropy.h"
#include "adapters/files/posix_files.h"
#include "agent/element/element_root.h"
#include "agent/emulated/emulated_root.h"
#include "agent/tpm_root.h"
#include "contract/root_contract.h"
#include "fleet/element_maker.h"
#include "fleet/emulator.h"
#include "fleet/software_tpm.h"
#include "support/softhsm.h"

namespace birthmark::test {
namespace {

using attest::AnchorClass;

std::string failed_check(const attest::Findings& findings) {
  const auto judged = attest::verdict(findings);
  return judged ? std::string{} : judged.error().check;
}

attest::Appraisal judge_bundle(const agent::BundleProof& proof, const attest::Challenge& challenge,
                               const attest::EvidencePolicy& policy, const attest::Trust& trust, attest::DiceKey dice) {
  const auto bundle = csr_attestation::read(proof.bundle).value();
  return attest::appraise(attest::evidence_of(bundle).value(), challenge, policy, trust, {.dice = {.key = dice}});
}

/// An emulator in a thread of this process, and the agent's side of it over its socket.
class Emulated final : public RootUnderTest {
 public:
  Emulated(std::filesystem::path directory, lifecycle::RootKind kind) : directory_{std::move(directory)}, kind_{kind} {
    policy_.secure_keys = {{.environment = to_bytes(fleet::psa_implementation_id().get())}};
    const auto root = vendor_.root_certificate();
    const std::string name{fleet::kSimulatedVendor};
    EXPECT_TRUE(trust_.token_issuers.add(root, name, attest::AnchorKind::root, AnchorClass::simulated));
    EXPECT_TRUE(trust_.dice.add_issuer(root, name, AnchorClass::simulated));
    start();
  }
  ~Emulated() override { stop(); }

  agent::HardwareRoot& root() override { return *root_; }
  /// The root is opened once: it finds the emulator that was started again.
  void restart() override {
    stop();
    start();
    EXPECT_EQ(root_->public_identity().error().code, Code::unavailable) << "of the one that has ended";
  }
  attest::Appraisal judge(const agent::KeyProof& proof, const attest::Challenge& challenge,
                          attest::DiceKey dice) override {
    return judge_bundle(std::get<agent::BundleProof>(proof), challenge, policy_, trust_, dice);
  }
  std::string judge_itself(const agent::SelfProof& proof, const attest::Challenge& challenge) override {
    return failed_check(
        judge_bundle(std::get<agent::BundleProof>(proof), challenge, policy_, trust_, attest::DiceKey::device)
            .findings);
  }

 private:
  void start() {
    const auto open = kind_ == lifecycle::RootKind::psa ? fleet::open_psa_device : fleet::open_dice_device;
    std::vector<std::unique_ptr<fleet::EmulatedDevice>> devices;
    devices.push_back(open(files_, directory_ / "device", firmware_, {vendor_, entropy_, SystemClock{}.now()}).value());
    emulator_ = fleet::Emulator::listen(directory_ / "sock", std::move(devices), 1).value();
    stop_ = ::eventfd(0, EFD_CLOEXEC);
    thread_ = std::jthread{[this] { emulator_->serve(stop_); }};
    if (!root_) {
      root_ = agent::EmulatedRoot::open({directory_ / "sock", 0}, lifecycle::name(kind_)).value();
    }
  }
  void stop() {
    constexpr std::uint64_t kOne = 1;
    EXPECT_EQ(::write(stop_, &kOne, sizeof kOne), static_cast<ssize_t>(sizeof kOne));
    thread_.join();
    ::close(stop_);
    emulator_.reset();
  }

  std::filesystem::path directory_;
  lifecycle::RootKind kind_;
  PosixFiles files_;
  SystemEntropy entropy_;
  fleet::ComponentVendor vendor_ =
      fleet::ComponentVendor::load_or_make(files_, directory_ / "vendor", kind_, SystemClock{}.now()).value();
  fleet::EmulatedFirmware firmware_{.boot_loader = Digest{Octets<32>{1}}, .application = Digest{Octets<32>{2}}};
  attest::Trust trust_;
  attest::EvidencePolicy policy_;
  int stop_ = -1;
  std::unique_ptr<fleet::Emulator> emulator_;
  std::jthread thread_;
  std::unique_ptr<agent::EmulatedRoot> root_;
};

/// A software TPM in a process of its own.
class Tpm final : public RootUnderTest {
 public:
  explicit Tpm(std::filesystem::path directory) : directory_{std::move(directory)} {
    EXPECT_TRUE(tpm_->manufacture(vendor_, {}, SystemClock{}.now()));
    EXPECT_TRUE(
        trust_.tpm.add(vendor_.root_certificate(), "simulated", attest::AnchorKind::root, AnchorClass::simulated));
    EXPECT_TRUE(trust_.tpm.add(vendor_.intermediate_certificate(), "simulated", attest::AnchorKind::intermediate,
                               AnchorClass::simulated));
    policy_.debug = attest::DebugGate::not_judged;  // a TPM says nothing of the device around it
    open();
  }

  agent::HardwareRoot& root() override { return *root_; }
  void restart() override {
    root_.reset();
    EXPECT_TRUE(tpm_->power_cycle(fleet::SoftwareTpm::Power::cut));
    open();
  }
  attest::Appraisal judge(const agent::KeyProof& proof, const attest::Challenge& challenge, attest::DiceKey) override {
    const auto& of_key = std::get<agent::TpmKeyProof>(proof);
    const auto endorsement = root_->endorsement().value();
    return attest::appraise(attest::TpmEvidence{.ek_certificate = endorsement.certificate,
                                                .ek_public = endorsement.public_area,
                                                .ak_public = root_->create_identity_keys()->iak,
                                                .key_public = of_key.key_public,
                                                .parent_public = of_key.parent_public,
                                                .statement = {of_key.statement.attest, of_key.statement.signature}},
                            challenge, policy_, trust_);
  }
  std::string judge_itself(const agent::SelfProof& proof, const attest::Challenge& challenge) override {
    const auto& quote = std::get<agent::Statement>(proof);
    return failed_check(
        attest::appraise_quote({quote.attest, quote.signature}, root_->create_identity_keys()->iak, challenge.freshness)
            .findings);
  }

 private:
  void open() {
    agent::TpmOptions options;
    options.tcti = tpm_->tcti();
    options.state_directory = directory_ / "keys";
    root_ = agent::open_tpm_root(std::move(options), files_).value();
  }

  std::filesystem::path directory_;
  PosixFiles files_;
  fleet::SiliconVendor vendor_ = fleet::SiliconVendor::create(SystemClock{}.now()).value();
  std::unique_ptr<fleet::SoftwareTpm> tpm_ = fleet::SoftwareTpm::start(directory_ / "tpm").value();
  attest::Trust trust_;
  attest::EvidencePolicy policy_;
  std::unique_ptr<agent::TpmRoot> root_;
};

/// A simulated secure element in SoftHSM.
class Element final : public RootUnderTest {
 public:
  explicit Element(const std::filesystem::path& directory)
      : vendor_{fleet::ComponentVendor::load_or_make(files_, directory, lifecycle::RootKind::se, SystemClock{}.now())
                    .value()} {
    hsm_.add_token("element");
    module_ = pkcs11::Module::load(SoftHsm::library()).value();
    EXPECT_TRUE(fleet::make_element(*session(), vendor_, "SIM-0001", SystemClock{}.now()));
    EXPECT_TRUE(trust_.elements.add_root(vendor_.root_certificate(), "simulated", AnchorClass::simulated));
    policy_.debug = attest::DebugGate::not_judged;  // an element says nothing of the device around it
    restart();
  }

  agent::HardwareRoot& root() override { return *root_; }
  void restart() override {
    root_.reset();
    root_ = agent::ElementRoot::open(session()).value();
  }
  attest::Appraisal judge(const agent::KeyProof& proof, const attest::Challenge& challenge,
                          attest::DiceKey dice) override {
    return judge_bundle(std::get<agent::BundleProof>(proof), challenge, policy_, trust_, dice);
  }
  std::string judge_itself(const agent::SelfProof& proof, const attest::Challenge& challenge) override {
    return failed_check(
        judge_bundle(std::get<agent::BundleProof>(proof), challenge, policy_, trust_, attest::DiceKey::device)
            .findings);
  }

 private:
  std::unique_ptr<pkcs11::Session> session() {
    return pkcs11::Session::open(module_, "element", SoftHsm::pin()).value();
  }

  SoftHsm hsm_;
  PosixFiles files_;
  fleet::ComponentVendor vendor_;
  std::shared_ptr<const pkcs11::Module> module_;
  attest::Trust trust_;
  attest::EvidencePolicy policy_;
  std::unique_ptr<agent::ElementRoot> root_;
};

template <lifecycle::RootKind Kind>
std::unique_ptr<RootUnderTest> emulated(const std::filesystem::path& directory) {
  return std::make_unique<Emulated>(directory, Kind);
}

INSTANTIATE_TEST_SUITE_P(Real, RootContract,
                         testing::Values(RootMaker{
                             "tpm",
                             [](const std::filesystem::path& directory) { return std::make_unique<Tpm>(directory); }}),
                         [](const auto& maker) { return maker.param.name; });
INSTANTIATE_TEST_SUITE_P(Emulated, RootContract,
                         testing::Values(RootMaker{"psa", emulated<lifecycle::RootKind::psa>},
                                         RootMaker{"dice", emulated<lifecycle::RootKind::dice>},
                                         RootMaker{"element",
                                                   [](const std::filesystem::path& directory) {
                                                     return std::make_unique<Element>(directory);
                                                   }}),
                         [](const auto& maker) { return maker.param.name; });

}  // namespace
}  // namespace birthmark::test

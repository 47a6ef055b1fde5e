#pragma once

#include "cmd/invocation/arguments.h"
#include "cmd/invocation/exit_code.h"
#include "cmd/invocation/invocation.h"

/// What each command does: arguments in, exit code out. They decide and fetch; what a person reads is made in
/// cmd/views.

namespace vscale {

ExitCode run_command(const ValidateArguments& arguments, Invocation& invocation);
ExitCode run_command(const PlanArguments& arguments, Invocation& invocation);
ExitCode run_command(const ApplyArguments& arguments, Invocation& invocation);
ExitCode run_command(const StatusArguments& arguments, Invocation& invocation);
ExitCode run_command(const GraphArguments& arguments, Invocation& invocation);
ExitCode run_command(const SchemaArguments& arguments, Invocation& invocation);
ExitCode run_command(const ImageListArguments& arguments, Invocation& invocation);
ExitCode run_command(const ImagePullArguments& arguments, Invocation& invocation);
ExitCode run_command(const ImageUpdateArguments& arguments, Invocation& invocation);
ExitCode run_command(const SshArguments& arguments, Invocation& invocation);
ExitCode run_command(const ConsoleArguments& arguments, Invocation& invocation);
ExitCode run_command(const InventoryArguments& arguments, Invocation& invocation);
ExitCode run_command(const StateListArguments& arguments, Invocation& invocation);
ExitCode run_command(const StateShowArguments& arguments, Invocation& invocation);
ExitCode run_command(const ForceUnlockArguments& arguments, Invocation& invocation);
ExitCode run_command(const RolloutStatusArguments& arguments, Invocation& invocation);
ExitCode run_command(const RolloutHistoryArguments& arguments, Invocation& invocation);
ExitCode run_command(const RolloutWordArguments& arguments, Invocation& invocation);
ExitCode run_command(const SimulateRolloutArguments& arguments, Invocation& invocation);
ExitCode run_command(const SimulateScalingArguments& arguments, Invocation& invocation);
ExitCode run_command(const WatchArguments& arguments, Invocation& invocation);
ExitCode run_command(const ScaleArguments& arguments, Invocation& invocation);
ExitCode run_command(const SuspendArguments& arguments, Invocation& invocation);
ExitCode run_command(const ResumeArguments& arguments, Invocation& invocation);
ExitCode run_command(const ProtectArguments& arguments, Invocation& invocation);
ExitCode run_command(const UnprotectArguments& arguments, Invocation& invocation);
ExitCode run_command(const RestartArguments& arguments, Invocation& invocation);
ExitCode run_command(const StopArguments& arguments, Invocation& invocation);
ExitCode run_command(const StartArguments& arguments, Invocation& invocation);
ExitCode run_command(const EventsArguments& arguments, Invocation& invocation);
ExitCode run_command(const ExplainArguments& arguments, Invocation& invocation);
ExitCode run_command(const VersionArguments& arguments, Invocation& invocation);
ExitCode run_command(const CompletionArguments& arguments, Invocation& invocation);

}  // namespace vscale

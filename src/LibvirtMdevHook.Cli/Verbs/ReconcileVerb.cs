using System.Text.Json.Nodes;
using CommandLine;
using LibvirtMdevHook.Devices;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Upkeep;

namespace LibvirtMdevHook.Cli.Verbs;

/// <summary>virt-mdev reconcile: what is left over and no hook comes back for.</summary>
[Verb("reconcile", HelpText = "List what ended domains have left behind and no hook comes back for; with --apply, clean it up.")]
internal sealed class ReconcileVerb
{
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(10);

    [Option("apply", HelpText = "Take down or set aside what is listed, except what a process holds.")]
    public bool Apply { get; set; }

    [Option("json", HelpText = "Print JSON.")]
    public bool Json { get; set; }

    public int Run(Root root)
    {
        if (Terminal.Virsh(AnswerTime) is not { } virsh)
            return 1;
        // The list has the records that are not acted on.
        var context = OperationContext.Open(root, "reconcile", report: _ => { });
        var reconcile = new Reconcile(context, virsh, Terminal.WaitNotice);
        var found = reconcile.Run(Apply);
        if (Json)
            Listing.Print(Listing.Array(found.Select(f => (JsonNode)ToJson(f))));
        else
            Print(found, isComplete: reconcile.WhyNotJudged is null);
        if (reconcile.WhyNotJudged is { } silence)
            return Terminal.Fail($"there is no verdict on the records of domains: {silence}");
        return Apply && found.Any(f => f.Reason is not null) ? 1 : 0;
    }

    private void Print(IReadOnlyList<Leftover> found, bool isComplete)
    {
        if (found.Count == 0 && isComplete)
            Output.WriteLine("Nothing is left over.");
        foreach (var leftover in found)
            Output.WriteLine($"{EnumText.Of(leftover.Kind)}: {leftover.Text}{Outcome(leftover)}");
    }

    private string Outcome(Leftover leftover)
    {
        if (leftover.Reason is { } reason)
            return $"; left alone: {reason}";
        if (!IsCleanedUp(leftover))
            return "";
        return leftover.IsRecordAlone ? "; set aside" : "; cleaned up";
    }

    private bool IsCleanedUp(Leftover leftover) => Apply && leftover.IsDealtWith;

    private JsonObject ToJson(Leftover leftover) => new()
    {
        ["kind"] = EnumText.Of(leftover.Kind),
        ["domain"] = leftover.DomainName,
        ["domain_uuid"] = leftover.Domain?.ToString("D"),
        ["devices"] = Listing.Array(leftover.Devices.Select(d => (JsonNode)d.ToString())),
        ["text"] = leftover.Text,
        ["trouble"] = leftover.Reason,
        ["cleaned_up"] = IsCleanedUp(leftover),
    };
}

using CommandLine;
using LibvirtMdevHook.Devices;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Upkeep;
using LibvirtMdevHook.Virsh;

namespace LibvirtMdevHook.Cli.Verbs;

/// <summary>
/// virt-mdev retarget: defines a domain anew with the devices that it can have on this host.
/// </summary>
[Verb("retarget", HelpText = "Give a defined domain other names for devices that are taken on this host, "
    + "such as after a persistent migration.")]
internal sealed class RetargetVerb
{
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(30);

    [Value(0, MetaName = "DOMAIN", Required = true, HelpText = "A domain's name or uuid, as virsh takes it.")]
    public string Domain { get; set; } = "";

    public int Run(Root root)
    {
        if (Terminal.Virsh(AnswerTime) is not { } virsh)
            return 1;
        var dump = Dump(virsh);
        if (dump.Value is not { } xml)
            return Terminal.Fail(dump.Reason);
        try
        {
            var retarget = new Retarget(OperationContext.Open(root, $"retarget of domain '{Domain}'", Terminal.Tell), xml);
            if (retarget.TryRun() is { } refusal)
                return Terminal.Fail(refusal.Text);
            if (retarget.Changes.Count > 0 && Define(virsh, xml, retarget.Xml) is { } failure)
                return Terminal.Fail(failure.Text);
            Print(retarget.Changes);
            return 0;
        }
        catch (DomainXmlException e)
        {
            DomainFile.Print($"domain '{Domain}'", e);
            return 1;
        }
    }

    private VirshAnswer<string> Dump(VirshClient virsh) =>
        virsh.Run(["dumpxml", $"--domain={Domain}", "--inactive", "--security-info"]);

    /// <summary>
    /// libvirt takes a whole definition and keeps nothing of another edit of the meantime. So the
    /// definition is read once more right before.
    /// </summary>
    /// <param name="was">What the new text was made from.</param>
    /// <returns>Why the domain is not defined; null when it is.</returns>
    private Reason? Define(VirshClient virsh, string was, string text)
    {
        var now = Dump(virsh);
        if (now.Value is null)
            return now.Reason;
        if (now.Value != was)
        {
            return $"domain '{Domain}': somebody has changed its definition meanwhile, so it was left as it is; "
                + "run 'virt-mdev retarget' again";
        }

        var answer = virsh.Run(["define", VirshClient.Input], text);
        return answer.Value is null ? $"domain '{Domain}' cannot be defined anew: {answer.Reason}" : null;
    }

    private void Print(IReadOnlyList<string> changes)
    {
        foreach (var change in changes)
            Output.WriteLine($"domain '{Domain}': {change}");
        if (changes.Count == 0)
            Output.WriteLine($"domain '{Domain}': nothing has to be changed");
    }
}

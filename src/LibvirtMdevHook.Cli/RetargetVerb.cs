using CommandLine;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Operations;

namespace LibvirtMdevHook.Cli;

/// <summary>virt-mdev retarget: defines a domain anew with the devices that it can have on this host.</summary>
[Verb("retarget", HelpText = "Give a defined domain other names for devices that are taken on this host, such as after a persistent migration.")]
internal sealed class RetargetVerb
{
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(30);

    [Value(0, MetaName = "DOMAIN", Required = true, HelpText = "A domain's name or uuid, as virsh takes it.")]
    public string Domain { get; set; } = "";

    public int Run(Root root)
    {
        if (LibvirtCall.Virsh(AnswerTime) is not { } virsh)
            return 1;
        var dump = virsh.Run(["dumpxml", $"--domain={Domain}", "--inactive", "--security-info"]);
        if (dump.Value is not { } xml)
            return LibvirtCall.Complain(dump.Trouble);
        try
        {
            var retarget = new RetargetOperation(Workplace.Open(root, $"retarget of domain '{Domain}'"), xml);
            if (retarget.Run() is { } refusal)
                return LibvirtCall.Complain(refusal);
            if (retarget.Changes.Count > 0 && virsh.Run(["define", Virsh.Input], retarget.Xml) is { Value: null } define)
                return LibvirtCall.Complain($"domain '{Domain}' cannot be defined anew: {define.Trouble}");
            Print(retarget.Changes);
            return 0;
        }
        catch (DomainXmlException e)
        {
            DomainFile.Print($"domain '{Domain}'", e);
            return 1;
        }
    }

    private void Print(IReadOnlyList<string> changes)
    {
        foreach (var change in changes)
            Console.WriteLine($"domain '{Domain}': {change}");
        if (changes.Count == 0)
            Console.WriteLine($"domain '{Domain}': nothing has to be changed");
    }
}

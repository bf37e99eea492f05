using CommandLine;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Operations;

namespace LibvirtMdevHook.Cli;

/// <summary>virt-mdev retarget: defines a domain anew with the devices that it can have on this host.</summary>
[Verb("retarget", HelpText = "Give a defined domain other names for devices that are taken on this host, such as after a persistent migration.")]
internal sealed class RetargetVerb
{
    [Value(0, MetaName = "DOMAIN", Required = true, HelpText = "A domain's name or uuid, as virsh takes it.")]
    public string Domain { get; set; } = "";

    public int Run(Root root)
    {
        var xml = VirshCall.Run("", "dumpxml", $"--domain={Domain}", "--inactive", "--security-info");
        try
        {
            var retarget = new RetargetOperation(Workplace.Open(root, $"retarget of domain '{Domain}'"), xml);
            if (retarget.Run() is { } refusal)
            {
                Console.Error.WriteLine($"virt-mdev: {refusal}");
                return 1;
            }

            if (retarget.Changes.Count > 0)
                VirshCall.Run(retarget.Xml, "define", VirshCall.Input);
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

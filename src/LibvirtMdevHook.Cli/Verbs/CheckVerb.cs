using System.Collections.Immutable;
using System.Text.Json.Nodes;
using CommandLine;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Cli.Verbs;

/// <summary>
/// virt-mdev check: whether prepare understands the declaration in a domain XML, on any host.
/// </summary>
[Verb("check", HelpText = "Check the declaration in a domain XML, without looking at this host's devices.")]
internal sealed class CheckVerb
{
    [Value(0, MetaName = "FILE", Required = true, HelpText = "A domain XML, or '-' for standard input "
        + "('virsh dumpxml DOMAIN | virt-mdev check -').")]
    public string File { get; set; } = "";

    [Option("json", HelpText = "Print JSON.")]
    public bool Json { get; set; }

    public int Run(Root root) => Json ? RunForPrograms(root) : RunForPeople(root);

    private int RunForPeople(Root root)
    {
        if (DomainFile.Read(root, File) is not { } domain)
            return 1;
        var count = domain.Declaration?.Hostdevs.Length ?? 0;
        var devices = count == 1 ? "device is" : "devices are";
        Output.WriteLine(count == 0
            ? $"{File}: no devices are declared"
            : $"{File}: {count} {devices} declared, and everything is well");
        return 0;
    }

    private int RunForPrograms(Root root)
    {
        ImmutableArray<DeclaredHostdev> devices = [];
        ImmutableArray<Problem> problems = [];
        try
        {
            devices = DomainFile.Parse(root, File).Declaration?.Hostdevs ?? [];
        }
        catch (DomainXmlException e)
        {
            problems = e.Problems;
        }

        Listing.Print(new JsonObject
        {
            ["file"] = File,
            ["devices"] = Listing.Array(devices.Select(h => (JsonNode)h.Device.ToString())),
            ["problems"] = Listing.Array(problems.Select(p => new JsonObject { ["line"] = p.Line, ["text"] = p.Text })),
        });
        return problems.Length > 0 ? 1 : 0;
    }
}

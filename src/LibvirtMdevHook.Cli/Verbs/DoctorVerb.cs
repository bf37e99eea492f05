using System.Text.Json.Nodes;
using CommandLine;
using LibvirtMdevHook.Doctor;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Cli.Verbs;

/// <summary>virt-mdev doctor: what keeps vGPUs from working on this host, and what to do about it.</summary>
[Verb("doctor", HelpText = "Say what keeps vGPUs from working on this host, and what to do; changes nothing.")]
internal sealed class DoctorVerb
{
    /// <summary>Reading hundreds of VFs takes less; only a driver that hangs takes longer.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    [Option("json", HelpText = "Print JSON.")]
    public bool Json { get; set; }

    public int Run(Root root)
    {
        var findings = HostChecks.Examine(root, Limit);
        if (Json)
            Listing.Print(Listing.Array(findings.Select(f => (JsonNode)ToJson(f))));
        else
            Listing.Print([.. findings.Select(Cells)]);
        return findings.Any(f => f.Severity == Severity.Wrong) ? 1 : 0;
    }

    private static string[] Cells(Finding finding)
    {
        var sentence = finding.Remedy is null ? finding.What : $"{finding.What}; {finding.Remedy}";
        return [EnumText.Of(finding.Severity), finding.Topic, sentence];
    }

    private static JsonObject ToJson(Finding finding) => new()
    {
        ["severity"] = EnumText.Of(finding.Severity),
        ["topic"] = finding.Topic,
        ["what"] = finding.What,
        ["remedy"] = finding.Remedy,
    };
}

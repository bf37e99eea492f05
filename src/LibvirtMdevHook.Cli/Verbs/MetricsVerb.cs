using CommandLine;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Reports;
using LibvirtMdevHook.Virsh;

namespace LibvirtMdevHook.Cli.Verbs;

/// <summary>
/// virt-mdev metrics: the host in numbers, for the textfile collector of Prometheus' node_exporter.
/// </summary>
[Verb("metrics", HelpText = "Print what is available, what exists and what is left over in Prometheus' text format; changes nothing.")]
internal sealed class MetricsVerb
{
    /// <summary>
    /// Reading hundreds of VFs takes less; only a driver that hangs takes longer.
    /// </summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    /// <summary>'virsh list' waits while libvirt waits for a hook.</summary>
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(5);

    [Option("output", MetaValue = "FILE", HelpText = "Write to FILE, which its readers find whole at any time.")]
    public string? Output { get; set; }

    public int Run(Root root)
    {
        var version = typeof(MetricsVerb).Assembly.GetName().Version?.ToString(3) ?? "unknown";
        var metrics = new TimedRead<string>(() => Metrics.Read(root, Active, version).ToString());
        if (metrics.Result(Deadline.After(Limit)) is not { } text)
        {
            var files = TimedRead.Unanswered(root);
            var where = files.Count > 0 ? $": the kernel does not answer at '{string.Join("', '", files)}'" : "";
            return Terminal.Fail($"not read within {Limit.TotalSeconds:0} s{where}");
        }

        if (Output is null)
            Cli.Output.WriteDocument(text);
        else
            AtomicFile.Write(Output, text);
        return 0;
    }

    /// <summary>Only root asks libvirt: any other user would be asked for a password.</summary>
    private static HashSet<Guid>? Active()
    {
        if (Libc.geteuid() != 0)
            return null;
        var virsh = VirshClient.OfThisHost(AnswerTime, new WaitNotice(_ => { }), out _);
        return virsh?.Active().Value;
    }
}

using CommandLine;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Reports;
using LibvirtMdevHook.Virsh;

namespace LibvirtMdevHook.Cli.Verbs;

/// <summary>virt-mdev metrics: the host in numbers, for the textfile collector of Prometheus' node_exporter.</summary>
[Verb("metrics", HelpText = "Print what is available, what exists and what is left over in Prometheus' text format; changes nothing.")]
internal sealed class MetricsVerb
{
    /// <summary>More than reading hundreds of VFs takes; only what hangs takes longer.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>'virsh list' waits for a hook that is at work.</summary>
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(5);

    [Option("output", MetaValue = "FILE", HelpText = "Write to FILE, which its readers find whole at any time.")]
    public string? Output { get; set; }

    public int Run(Root root)
    {
        var version = typeof(MetricsVerb).Assembly.GetName().Version?.ToString(3) ?? "unknown";
        var metrics = new TimedRead<string>(() => Metrics.Read(root, Active, version).ToString());
        if (metrics.Result(Deadline.After(Patience)) is not { } text)
        {
            var files = string.Join("', '", TimedRead.Unanswered(root));
            return Terminal.Fail($"not read within {Patience.TotalSeconds:0} s{(files.Length > 0 ? $": the kernel does not answer at '{files}'" : "")}");
        }

        if (Output is null)
            Console.Write(text);
        else
            AtomicFile.Write(Output, text);
        return 0;
    }

    /// <summary>Anybody but root would be asked for a password.</summary>
    private static HashSet<Guid>? Active() =>
        Libc.geteuid() == 0 ? VirshClient.OfThisHost(AnswerTime, new WaitNotice(_ => { }), out _)?.Active().Value : null;
}

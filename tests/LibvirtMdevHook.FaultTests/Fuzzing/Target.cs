using System.Collections.Immutable;
using System.Diagnostics;
using System.Text;
using LibvirtMdevHook.DomainEdits;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.HookOperations;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Settings;

namespace LibvirtMdevHook.FaultTests.Fuzzing;

/// <summary>
/// A reader of input that others write. Whatever the input is, it throws nothing but the documented exception, takes bounded time and
/// memory, and returns nothing that could leave its folder.
/// </summary>
/// <param name="Read">Reads an input, and throws if something is wrong with the result.</param>
internal sealed record Target(string Name, Func<ImmutableArray<string>> Valid, Action<byte[]> Read)
{
    /// <summary>For inputs of some kilobytes, on a busy machine.</summary>
    private static readonly TimeSpan Time = TimeSpan.FromSeconds(2);

    private const int Memory = 64 << 20;

    public static ImmutableArray<Target> All { get; } =
    [
        new("domain XML", Samples.Domain, bytes => Accepts(() => Safe.Check(DomainXml.Parse(bytes, ["mine/*"])))),
        new("foreign metadata", Samples.Domain, Blank),
        new("rewriting", Samples.Domain, Renaming.Check),
        new("rendering", Samples.Domain, bytes => Accepts(() => HostdevShorthand.Expand(DomainDocument.Load(bytes)))),
        new("hot-plug", Samples.Domain, Plug),
        new("record", Samples.Record, RecordText.Check),
        new("configuration", Samples.Settings, bytes => Safe.Check(SettingsFile.Parse(Encoding.UTF8.GetString(bytes), "file"))),
        new("table of types, rfc2016", Samples.Table, bytes => Safe.Check(Rfc2016Table.Parse(Encoding.UTF8.GetString(bytes)))),
        new("list of types, vf", Samples.VfList, bytes => Safe.Check(VgpuTypeList.Parse(Encoding.UTF8.GetString(bytes)))),
        new("folder of a type, mdev", Samples.TypeFiles, TypeFolder.Check),
        new("request of a worker", Samples.Request, Request),
    ];

    public static Target Find(string name) => All.Single(target => target.Name == name);

    /// <returns>What is wrong, or null.</returns>
    public string? Trouble(byte[] input)
    {
        var (begin, allocated) = (Stopwatch.GetTimestamp(), GC.GetAllocatedBytesForCurrentThread());
        try
        {
            Read(input);
        }
#pragma warning disable CA1031 // Which exception it is is what is looked for.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return $"{e.GetType().Name}: {e.Message}\n{e.StackTrace}";
        }

        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        var time = Stopwatch.GetElapsedTime(begin);
        return time > Time ? $"it took {time.TotalSeconds:0.0} s" : allocated > Memory ? $"it took {allocated >> 20} MiB" : null;
    }

    public override string ToString() => Name;

    /// <summary>A refusal is an answer, too. Its words must be safe for a log and a terminal.</summary>
    private static void Accepts(Action read)
    {
        try
        {
            read();
        }
        catch (DomainXmlException e)
        {
            Safe.Check(e);
        }
    }

    private static void Blank(byte[] bytes)
    {
        var text = Encoding.UTF8.GetString(bytes);
        Accepts(() =>
        {
            var blank = ForeignMetadata.Blank(new SourceText(text));
            if (blank.Length != text.Length || blank.Where((c, i) => c != text[i] && (c != ' ' || text[i] is '\r' or '\n')).Any())
                throw new InvalidOperationException($"more than blanks is different: {blank}");
        });
    }

    private static void Plug(byte[] bytes) => Accepts(() =>
    {
        var domain = EditableDomain.Parse(Encoding.UTF8.GetString(bytes));
        var device = DeviceId.Mdev(Guid.Parse(Samples.First));
        _ = domain.With(new RequestedDevice(device, "GRID M60-4Q"));
        if (domain.Declares(device))
            _ = domain.Without(device);
        Safe.Check(domain.WithRequested(new RequestedDevice(DeviceId.Mdev(Guid.Parse(Samples.Uuid)), "GRID M60-4Q", "0000:86:00.0"), []));
    });

    private static void Request(byte[] bytes)
    {
        var (ours, theirs) = SocketEnd.Pair();
        using (theirs)
        {
            using (ours)
                ours.SendAll(bytes, Deadline.After(TimeSpan.Zero));
            _ = WorkerRequest.Receive(theirs, Deadline.After(TimeSpan.FromSeconds(1)));
        }
    }
}

using System.Text;
using LibvirtMdevHook.Simulator.Tree;
using LibvirtMdevHook.SystemTests.Binaries;
using NUnit.Framework;

namespace LibvirtMdevHook.FaultTests;

/// <summary>
/// What else has devices on the same host: a running domain, and devices that are foreign. The program under test must never write to any
/// of them.
/// </summary>
internal sealed class Bystanders
{
    private readonly HookedHost _host;
    private readonly string[] _names;
    private long _read;

    public Bystanders(HookedHost host, DeclaringDomain neighbour, params IEnumerable<BystanderDevice> foreign)
    {
        _host = host;
        foreach (var (file, text, _) in foreign)
            Assert.That(host.Host.Write(file, text), Is.EqualTo(Errno.None), file);
        host.Start(neighbour);
        _names = [.. foreign.Select(f => f.Name), .. neighbour.Vgpus.Select(v => v.Address is null ? v.Id : $"{v.Id}/")];
        _read = new FileInfo(host.Host.LogFile).Length;
    }

    /// <summary>Fails if anything was written to these devices since the last call.</summary>
    public void MustBeUntouched()
    {
        using var log = new FileStream(_host.Host.LogFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        log.Position = _read;
        using var reader = new StreamReader(log, Encoding.UTF8);
        var lines = reader.ReadToEnd();
        _read += Encoding.UTF8.GetByteCount(lines);
        Assert.That(lines.Split('\n').Where(line => _names.Any(name => line.Contains(name, StringComparison.Ordinal))), Is.Empty,
            "writes to what others have");
    }
}

using System.Text;
using LibvirtMdevHook.Simulator.Tree;
using LibvirtMdevHook.SystemTests.Binaries;
using NUnit.Framework;

namespace LibvirtMdevHook.FaultTests;

/// <summary>
/// Those who have devices on the same host: a domain that runs, and somebody else who made his own. None of theirs may ever be written to.
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

    /// <summary>Nobody has written to what is theirs since this was asked last.</summary>
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

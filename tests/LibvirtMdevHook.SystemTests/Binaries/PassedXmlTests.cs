using System.Diagnostics;
using System.Text;
using LibvirtMdevHook.SystemTests.Lab;
using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>A rewritten XML reaches libvirtd whole, or the operation is refused.</summary>
[TestFixture]
internal sealed class PassedXmlTests
{
    private static readonly Guid Taken = Guid.NewGuid();

    /// <summary>Nearly as much as the hook reads of a domain.</summary>
    private readonly DeclaringDomain _large = WithMetadata(160_000);

    /// <summary>Nearly as much as a pipe may hold without CAP_SYS_RESOURCE (/proc/sys/fs/pipe-max-size).</summary>
    private readonly DeclaringDomain _medium = WithMetadata(42_000);

    private HookedHost _host = null!;

    [SetUp]
    public void TakeTheUuid()
    {
        _host = new HookedHost("m60-mdev.xml");
        _host.Start(new DeclaringDomain("other", new Vgpu("type='GRID M60-4Q'") { Uuid = Taken }));
    }

    [TearDown]
    public void End() => _host.Dispose();

    [Test]
    public void A_slow_reader_gets_all_of_a_large_one()
    {
        Assert.That(_large.Xml(), Has.Length.InRange(7 << 19, 4 << 20));
        using var hook = Start(_large, "env", SourceTree.Hook);
        using var output = new MemoryStream();
        var piece = new byte[5000];
        for (int count, round = 0; (count = hook.StandardOutput.BaseStream.Read(piece)) > 0; round++)
        {
            output.Write(piece, 0, count);
            Thread.Sleep(round == 0 ? 1000 : round % 100 == 0 ? 10 : 0);
        }

        Assert.That(IsLargeWithAnotherUuid(Encoding.UTF8.GetString(output.ToArray())));
        MustHaveEnded(hook, 0, "");
    }

    [Test]
    public void Interrupted_and_short_writes_are_gone_on_with()
    {
        using var folder = new TemporaryFolder();
        using var hook = Start(_large, "strace", "-f", "-qq", "-o", $"{folder.Path}/trace", "-e", "trace=write", "-e",
            "inject=write:error=EINTR:when=3+7", SourceTree.Hook);

        Assert.That(IsLargeWithAnotherUuid(hook.StandardOutput.ReadToEnd()));
        Assert.That(File.ReadAllText($"{folder.Path}/trace"), Does.Contain("EINTR").And.Contain("INJECTED"));
        MustHaveEnded(hook, 0, "");
    }

    [Test]
    public void A_reader_that_goes_away_is_a_refusal()
    {
        using var hook = Start(_large, "env", SourceTree.Hook);
        _ = hook.StandardOutput.BaseStream.ReadByte();
        hook.StandardOutput.Close();

        MustHaveEnded(hook, 1, "libvirt-mdev-hook: the changed XML of the domain cannot be handed to libvirtd: Broken pipe (EPIPE)\n");
    }

    [Test]
    public void A_place_without_room_is_a_refusal()
    {
        using var hook = Start(_large, "sh", "-c", "exec \"$0\" \"$@\" >/dev/full", SourceTree.Hook);

        MustHaveEnded(hook, 1,
            "libvirt-mdev-hook: the changed XML of the domain cannot be handed to libvirtd: No space left on device (ENOSPC)\n");
    }

    [Test]
    public void A_hook_that_is_killed_while_it_prints_leaves_nothing_but_the_reservation()
    {
        using var hook = Start(_large, "env", SourceTree.Hook);
        _ = hook.StandardOutput.BaseStream.ReadByte();
        hook.Kill();

        _host.WaitForWorkers();
        Assert.That(_host.Kept().Where(file => file.Contains($"{_large.Uuid}", StringComparison.Ordinal)),
            Is.EqualTo(new[] { $"reserved/{_large.Uuid}.xml" }));
        Assert.That(IsLargeWithAnotherUuid(_host.Call("migrate", _large).MustBeRewritten()));
    }

    [Test]
    public void A_restore_prints_all_of_it_before_anything_is_read()
    {
        Assert.That(_medium.Xml(), Has.Length.InRange(15 << 16, 1 << 20));
        using var hook = Start("restore", _medium, "env", SourceTree.Hook);
        hook.WaitForExit();

        Assert.That(HasAnotherUuid(_medium, hook.StandardOutput.ReadToEnd()));
        MustHaveEnded(hook, 0, "");
    }

    [TestCase("exec \"$0\" \"$@\" >/dev/full", "Bad file descriptor (EBADF)", TestName = "A_restore_without_a_pipe_prints_nothing")]
    [TestCase("echo before; exec \"$0\" \"$@\"", "Device or resource busy (EBUSY)",
        TestName = "A_restore_into_a_pipe_that_is_not_empty_prints_nothing")]
    [TestCase("exec setpriv --bounding-set=-sys_resource --inh-caps=-sys_resource \"$0\" \"$@\"", "Operation not permitted (EPERM)",
        TestName = "A_restore_with_more_than_the_pipe_may_hold_prints_nothing")]
    public void A_restore_prints_nothing_that_may_not_arrive(string lines, string error)
    {
        using var hook = Start("restore", _large, "sh", "-c", lines, SourceTree.Hook);
        hook.WaitForExit();

        Assert.That(hook.StandardOutput.ReadToEnd().Replace("before\n", "", StringComparison.Ordinal), Is.Empty);
        MustHaveEnded(hook, 0, "");
        Assert.That(_host.Log,
            Does.Contain($"Error restore of domain 'large': the changed XML of the domain cannot be handed to libvirtd: {error}"));
    }

    private Process Start(DeclaringDomain domain, params IEnumerable<string> command) => Start("migrate", domain, command);

    /// <summary>Calls the hook for a domain that comes to this host; the caller reads the output.</summary>
    private Process Start(string operation, DeclaringDomain domain, params IEnumerable<string> command)
    {
        var words = command.Concat([domain.Name, operation, "begin", "-"]).ToArray();
        var start = Command.Redirected(words[0], words[1..]);
        start.Environment["LIBVIRT_MDEV_ROOT"] = _host.Host.Root;
        var hook = Process.Start(start)!;
        hook.StandardInput.BaseStream.Write(domain.Xml());
        hook.StandardInput.Close();
        return hook;
    }

    private bool IsLargeWithAnotherUuid(string text) => HasAnotherUuid(_large, text);

    private static bool HasAnotherUuid(DeclaringDomain domain, string text)
    {
        var before = domain.ToString();
        var at = before.IndexOf($"{Taken}", StringComparison.Ordinal);
        return Guid.TryParse(text.AsSpan(at, 36), out var uuid) && uuid != Taken
            && text == before.Replace($"{Taken}", $"{uuid}", StringComparison.Ordinal);
    }

    private static DeclaringDomain WithMetadata(int elements) => new("large", new Vgpu("type='GRID M60-4Q'") { Uuid = Taken })
    {
        OthersMetadata =
            $"<o:o:x xmlns:o='urn:other'>{string.Concat(Enumerable.Repeat("<o:y a='\u00e9'>\ud83d\ude00</o:y>\r\n", elements))}</o:o:x>",
    };

    private static void MustHaveEnded(Process hook, int status, string errors)
    {
        Assert.That(hook.StandardError.ReadToEnd(), Is.EqualTo(errors));
        hook.WaitForExit();
        Assert.That(hook.ExitCode, Is.EqualTo(status));
    }
}

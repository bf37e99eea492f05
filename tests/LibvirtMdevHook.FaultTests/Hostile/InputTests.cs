using System.Text;
using NUnit.Framework;

namespace LibvirtMdevHook.FaultTests.Hostile;

/// <summary>The published hook with hostile input on stdin and in its arguments.</summary>
[TestFixture]
[Parallelizable(ParallelScope.Self)]
internal sealed class InputTests
{
    private const int HookMemory = 32 << 10;

    /// <summary>In KiB: a document of 4 MiB as a text and as elements takes up to 150 MiB.</summary>
    private const int WorkerMemory = 256 << 10;

    private static readonly string[] Refusing = ["prepare", "start", "migrate"];

    private static readonly string[] Operations =
        [.. Refusing, "restore", "started", "stopped", "release", "reconnect", "attach", "unheard-of", "", "..", "prepare\n", "PREPARE",
            "--help"];

    private static IEnumerable<Input> Inputs()
    {
        const string Head = $"<domain type='kvm'><name>win10</name><uuid>{PlainHost.Domain}</uuid><metadata>";
        const string Ours = "xmlns:m='urn:libvirt-mdev-hook:1'";
        var hostdev = $"<m:hostdev uuid='{PlainHost.Device}' type='GRID M60-4Q'";
        const string Guest = $"<devices><hostdev type='mdev'><source><address uuid='{PlainHost.Device}'/></source></hostdev></devices>";
        // The guest has a device: migrate drops a declaration without one.
        string Declaring(string content) => $"{Head}<m:hostdevs {Ours}>{content}</m:hostdevs></metadata>{Guest}</domain>";
        yield return new("nothing", "");
        yield return new("the bytes of the namespace alone", "urn:libvirt-mdev-hook:");
        yield return new("a billion laughs", "<!DOCTYPE domain [<!ENTITY a0 'ha'>" + string.Concat(Enumerable.Range(1, 30).Select(n =>
            $"<!ENTITY a{n} '{string.Concat(Enumerable.Repeat($"&a{n - 1};", 10))}'>")) + "]>" + Declaring("&a30;"));
        yield return new("a file as an entity", "<!DOCTYPE domain [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>" + Declaring("&a;"));
        yield return new("100000 levels", Declaring(Repeated("<a>", 100_000) + Repeated("</a>", 100_000)));
        yield return new("100000 levels that do not end", Declaring(Repeated("<a>", 1_000_000)));
        yield return new("100 MB behind it", Declaring("") + new string(' ', 100 << 20));
        yield return new("100 MB before it", new string(' ', 100 << 20) + Declaring(""));
        yield return new("4 MB of devices that the guest has not", Declaring(Fill(n => $"<m:hostdev uuid='{Id(n)}' type='x'/>")));
        yield return new("4 MB of one element of ours", Declaring(Fill(_ => "<m:x/>")));
        yield return new("4 MB of declarations",
            Declaring("") .Replace("</metadata>", $"{Fill(_ => $"<m:x {Ours}/>")}</metadata>", StringComparison.Ordinal));
        yield return new("4 MB of attributes", Declaring($"{hostdev} {Fill(n => $"a{n}='' ")}/>"));
        yield return new("4 MB of namespaces", Declaring($"{hostdev} {Fill(n => $"xmlns:a{n}='u{n}' a{n}:x='' ")}/>"));
        yield return new("4 MB of parents", Declaring($"{hostdev} parent='{Fill(_ => "a ")}'/>"));
        yield return new("4 MB of wrong parents", Declaring($"{hostdev} parent='{Fill(_ => "/ ")}'/>"));
        yield return new("4 MB of args", Declaring($"{hostdev} args='{Fill(_ => "a=1,")}'/>"));
        yield return new("4 MB of type", Declaring($"{hostdev.Replace("GRID", Fill(_ => "GRID "), StringComparison.Ordinal)}/>"));
        yield return new("4 MB of CPUs",
            Declaring($"{hostdev}/>")
                .Replace("</domain>", $"<vcpu cpuset='{Fill(_ => "0-8191,")}0'>1</vcpu></domain>", StringComparison.Ordinal), true);
        yield return new("4 MB of sets of CPUs", Declaring($"{hostdev}/>").Replace("</domain>",
            $"<cputune>{Fill(_ => "<vcpupin cpuset='0-8191'/>")}</cputune></domain>", StringComparison.Ordinal), true);
        yield return new("4 MB of what libvirt drops",
            Declaring($"{hostdev}/>")
                .Replace("</domain>", $"<devices>{Fill(_ => $"<m:a {Ours}/>")}</devices></domain>", StringComparison.Ordinal));
        yield return new("4 MB of foreign metadata",
            Declaring($"{hostdev}/>")
                .Replace("</metadata>", $"{Fill(_ => "<o:o:x a='&#65;'><y/></o:o:x>")}</metadata>", StringComparison.Ordinal), true);
        yield return new("4 MB of elements",
            Declaring($"{hostdev}/>").Replace("</domain>", $"{Fill(_ => "<a b=''/>")}</domain>", StringComparison.Ordinal), true);
        yield return new("4 MB of a sysfsdev",
            Declaring($"{hostdev}/>").Replace("</domain>", $"<q:commandline xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'>"
            + $"<q:arg value='{Fill(_ => "sysfsdev ")}'/></q:commandline></domain>", StringComparison.Ordinal), true);
        yield return new("UTF-16", Encoding.Unicode.GetBytes(Declaring("")), MayPass: true);
        yield return new("invalid UTF-8", [.. Encoding.UTF8.GetBytes(Declaring($"{hostdev}/>")), 0xff, 0xc0, 0x80]);
        yield return new("NULs", Declaring("\0\0\0"));
    }

    [TestCaseSource(nameof(Inputs))]
    public void Every_operation_answers_in_time_and_in_a_sentence(Input input)
    {
        var tally = new Tally($"hook, stdin: {input}") { Of = Operations.Length };
        var (hook, worker) = (0, 0);
        foreach (var operation in Operations)
        {
            tally.Try($"'{operation}'", () =>
            {
                using var host = new PlainHost();
                var before = host.Sys();
                var run = Measured.Call(host, input.Bytes, "win10", operation, "begin", "-");
                (hook, worker) = (Math.Max(hook, run.HookMemory), Math.Max(worker, run.WorkerMemory));
                Check(run, operation);
                if (operation is "prepare" or "migrate" && !input.MayPass && input.Bytes.AsSpan().IndexOf("urn:libvirt-mdev-hook:"u8) >= 0)
                    Assert.That(run.Status, Is.EqualTo(1));
                host.WaitForWorkers();
                Assert.That(host.Sys(), Is.EqualTo(before), host.Log);
                Assert.That(host.Log, Has.Length.LessThan(1 << 17));
            });
        }

        TestContext.Out.WriteLine($"{input}: hook {hook} KiB, worker {worker} KiB");
        tally.Conclude();
    }

    [Test]
    public void Any_arguments_are_borne()
    {
        string[] names = ["--help", "--version", "-", "..", "../../etc/passwd", "", "a\nb", "\u001b[31m", "$(reboot)", "%s%n",
            new string('x', 100_000), "\ud83d\ude00"];
        var tally = new Tally("hook, arguments") { Of = (names.Length * Operations.Length) + names.Length + 3 };
        using var host = new PlainHost();
        var before = host.Sys();
        var xml = Encoding.UTF8.GetBytes(PlainHost.Xml("99999999-0000-4000-8000-000000000001")
            .Replace("GRID M60-4Q", "none such", StringComparison.Ordinal));
        foreach (var name in names)
        {
            foreach (var operation in Operations)
                tally.Try($"'{name[..Math.Min(name.Length, 20)]}' '{operation}'",
                    () => Check(Measured.Call(host, xml, name, operation, "begin", "-"), operation));
            tally.Try($"only '{name[..Math.Min(name.Length, 20)]}'", () => MustBeUsage(Measured.Call(host, xml, name)));
        }

        tally.Try("none", () => MustBeUsage(Measured.Call(host, xml)));
        tally.Try("two", () => MustBeUsage(Measured.Call(host, xml, "win10", "prepare")));
        tally.Try("twenty", () => Check(Measured.Call(host, xml, ["win10", "prepare", .. Enumerable.Repeat("x", 18)]), "prepare"));
        host.WaitForWorkers();
        Assert.That(host.Sys(), Is.EqualTo(before), host.Log);
        tally.Conclude();
    }

    [TestCase("<app:app:x xmlns:app='u'/>")]
    [TestCase("<unbound:x/>")]
    [TestCase("<a><b></a></b>")]
    [TestCase("<!DOCTYPE x [<!ENTITY a 'b'>]>&a;&undefined;")]
    [TestCase("\0\u0001\ufffe")]
    [TestCase("<![CDATA[")]
    [TestCase("<uuid>not one</uuid>")]
    [TestCase("urn:libvirt-mdev-hoo")]
    public void The_metadata_of_others_is_none_of_our_business(string metadata)
    {
        using var host = new PlainHost();
        foreach (var operation in Operations)
        {
            var xml = $"<domain><name>other</name><uuid>{PlainHost.Domain}</uuid><metadata>{metadata}</metadata></domain>";
            host.Call(operation, xml).MustBeGood(operation);
        }

        Assert.That(host.Log, Is.Empty);
        Assert.That(Directory.Exists(host.In(PlainHost.State)), Is.False);
    }

    private static void Check(Measured run, string operation)
    {
        Assert.That(run.Output, Is.Empty);
        Assert.That(run.Time, Is.LessThan(TimeSpan.FromSeconds(operation is "prepare" ? 60 : 11)));
        Assert.That(run.HookMemory, Is.LessThan(HookMemory), "KiB of the hook");
        Assert.That(run.WorkerMemory, Is.LessThan(WorkerMemory), "KiB of the worker");
        if (Refusing.Contains(operation) && run.Status == 1)
            MustBeSentence(run.Errors);
        else
            Assert.That((run.Status, run.Errors), Is.EqualTo((0, "")));
    }

    private static void MustBeSentence(string errors)
    {
        Assert.That(errors,
            Does.StartWith("libvirt-mdev-hook: domain '").And.EndWith("\n").And.Not.Contain("Exception").And.Not.Contain("   at "));
        Assert.That(errors.Count(char.IsControl), Is.EqualTo(1));
        Assert.That(errors, Does.Not.Contain("root:x:"), "of /etc/passwd");
        Assert.That(errors, Does.Not.Contain("memory"));
        Assert.That(errors, Does.Not.Contain("ended without an answer").And.Not.Contain("were not ready").And.Not.Contain("not found out"));
    }

    private static void MustBeUsage(Measured run)
    {
        Assert.That((run.Status, run.Output), Is.EqualTo((2, "")));
        Assert.That(run.Errors, Does.StartWith("libvirt-mdev-hook is run by libvirtd"));
    }

    private static string Repeated(string text, int count) => new StringBuilder().Insert(0, text, count).ToString();

    private static string Id(int number) => $"{number:x8}-0000-4000-8000-000000000001";

    /// <summary>Nearly as much as the hook reads.</summary>
    private static string Fill(Func<int, string> piece)
    {
        var text = new StringBuilder();
        for (var number = 0; text.Length < (4 << 20) - 2000; number++)
            text.Append(piece(number));
        return text.ToString();
    }

    /// <param name="MayPass">It is long and odd, but valid.</param>
    internal sealed record Input(string Name, byte[] Bytes, bool MayPass = false)
    {
        public Input(string name, string text, bool mayPass = false) : this(name, Encoding.UTF8.GetBytes(text), mayPass)
        {
        }

        public override string ToString() => Name;
    }
}

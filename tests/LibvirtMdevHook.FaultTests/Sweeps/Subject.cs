using System.Text.RegularExpressions;
using LibvirtMdevHook.SystemTests.Binaries;
using NUnit.Framework;

namespace LibvirtMdevHook.FaultTests.Sweeps;

/// <summary>One operation of one domain, which can be tried again on a host where nothing of the domain is left.</summary>
internal sealed partial class Subject
{
    private readonly SweptHost _host;
    private readonly Vgpu _attached;

    /// <param name="devices">How many devices there are in the end; attach adds the last one.</param>
    public Subject(SweptHost host, string operation, string dialect, int devices)
    {
        (_host, Operation) = (host, operation);
        Vgpu[] all = [.. Enumerable.Range(0, devices).Select(number => DeviceOf(dialect, number))];
        _attached = all[^1];
        Domain = new DeclaringDomain("swept", [.. operation == "attach" ? all[..^1] : all])
        {
            Uuid = new Guid("00000000-5eed-4000-8000-000000000000"),
            // The destroys of one parent could not be told apart.
            Rules = dialect == "rfc2016" ? "gpu='different'" : "",
        };
        // The first run leaves folders and the types that it saw, which stay.
        Call("prepare");
        Arrange();
        Run(null);
        Call("prepare");
        Call("release");
        host.Virsh.End(Domain.Uuid);
        Idle = host.Look();
        Call("prepare");
        Prepared = host.Look();
        Call("release");
        MustBeIdle("release");
        Arrange();
        Arranged = host.Look();
        MustBeGood(Run(null));
        Done = host.Look();
        Guest = operation == "attach" ? host.Virsh.Has(Domain) : null;
        Clear();
    }

    public string Operation { get; }

    public DeclaringDomain Domain { get; }

    /// <summary>The host without the domain.</summary>
    public string Idle { get; }

    /// <summary>The host after a prepare.</summary>
    public string Prepared { get; }

    /// <summary>The host before the operation.</summary>
    public string Arranged { get; }

    /// <summary>The host after a clean run of the operation.</summary>
    public string Done { get; }

    /// <summary>What libvirt has of the domain after a clean attach.</summary>
    public (string Devices, string Metadata)? Guest { get; }

    public (string Devices, string Metadata) NowInGuest => _host.Virsh.Has(Domain);

    public IReadOnlyList<Traced> Programs => Operation is "attach" or "reconcile" ? [Traced.Command] : [Traced.Hook, Traced.Worker];

    /// <summary>Brings the host to the state before the operation.</summary>
    public void Arrange()
    {
        if (Operation is "release" or "reconcile" or "stopped" || (Operation == "attach" && !Domain.Vgpus.IsEmpty))
        {
            foreach (var operation in new[] { "prepare", "start", "started" })
                Call(operation);
        }
        else if (Operation == "start")
        {
            Call("prepare");
        }
        else
        {
            _host.RemoveEmptyFolders();
        }

        if (Operation == "attach")
            _host.Virsh.Run(Domain);
    }

    /// <summary>Runs the operation, whatever its exit status and outputs are.</summary>
    public HookRun Run(Tracing? tracing)
    {
        if (Operation is not ("attach" or "reconcile"))
            return _host.Call(Operation, Domain, tracing);
        var type = _attached.Attributes.Split('\'')[1];
        var id = _attached.Address is null ? "--uuid" : "--address";
        string[] attach = ["attach", $"{Domain.Uuid}", "--type", type, id, _attached.Id];
        var outcome = _host.VirtMdev(tracing, Operation == "reconcile" ? ["reconcile", "--apply"] : attach);
        return new HookRun(outcome.Status, outcome.Output, outcome.Errors, default);
    }

    /// <summary>Ends the domain if it runs; everything has to be gone.</summary>
    public void Clear()
    {
        Call("release");
        _host.Virsh.End(Domain.Uuid);
        if (Operation == "migrate")
        {
            // The reservation stays until the domain starts.
            Call("prepare");
            Call("release");
        }

        MustBeIdle("a clean end");
    }

    public bool IsClean => _host.Look() == Idle;

    public void MustBeIdle(string after) => MustBeAs(Idle, after);

    /// <param name="wherever">Accepts any parents for the devices and, if the domain migrates in, any VFs.</param>
    public void MustBeAs(string expected, string after, bool wherever = false)
    {
        var now = _host.Look();
        if (wherever)
            (now, expected) = (WithoutPlaces(now), WithoutPlaces(expected));
        if (now == expected)
            return;
        var (old, current) = (expected.Split('\n'), now.Split('\n'));
        var log = _host.LastOfLog().TrimEnd().Split('\n').TakeLast(5);
        Assert.Fail($"after {after}\nthere is too much:\n  {string.Join("\n  ", current.Except(old))}\nand too little:\n  "
            + $"{string.Join("\n  ", old.Except(current))}\nthe log ends with\n{string.Join('\n', log)}");
    }

    public void Call(string operation) => _host.Call(operation, Domain).MustBeGood(operation);

    /// <summary>Fails unless the run succeeded without a word on stderr.</summary>
    public void MustBeGood(HookRun run) => Assert.That((run.Status, run.Errors), Is.EqualTo((0, "")), $"{Operation}: {run.Output}");

    private string WithoutPlaces(string look) => Parents().Replace(Operation == "migrate" ? VfNames().Replace(look, "") : look, "");

    [GeneratedRegex("<name>0000:.*?</name>")]
    private static partial Regex VfNames();

    [GeneratedRegex("^parent .*\n| parent=[^ ]+|<parent>.*?</parent>", RegexOptions.Multiline)]
    private static partial Regex Parents();

    private static Vgpu DeviceOf(string dialect, int number)
    {
        var attrs = number == 0 ? "<mdev:attr name='nvidia/vgpu_params' value='frame_rate_limiter=0'/>" : "";
        var uuid = new Guid($"0000000{number + 1}-5eed-4000-8000-000000000000");
        return dialect switch
        {
            "rfc2016" => new Vgpu("type='GRID M60-2Q'") { Uuid = uuid },
            "mdev" => new Vgpu("type='GRID P40-4Q'") { Uuid = uuid, Attrs = attrs },
            _ => Vgpu.Vf($"0000:41:0{(number + 6) / 8}.{(number + 6) % 8}", "NVIDIA L40S-1Q") with { Attrs = attrs },
        };
    }
}

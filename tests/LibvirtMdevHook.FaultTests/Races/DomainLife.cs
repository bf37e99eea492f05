using System.Collections.Immutable;
using System.Text.RegularExpressions;
using LibvirtMdevHook.SystemTests.Binaries;
using LibvirtMdevHook.SystemTests.Simulation;

namespace LibvirtMdevHook.FaultTests.Races;

/// <summary>One life of a domain, with the calls that libvirtd makes in it.</summary>
internal sealed partial class DomainLife(
    Schedule schedule, Life life, HookedHost host, RaceJournal journal, Strangers strangers, FakeVirsh virsh, Race race)
{
    private readonly DeclaringDomain _domain = schedule.Domains[life.Domain];
    private string _xml = "";
    private ImmutableArray<string> _devices = [];

    public void Run()
    {
        // What stood still in an earlier life goes on in this one.
        var earlier = race.TakeFrozen(_domain.Uuid);
        Use($"{_domain with { Vgpus = life.NamesOf is { } other ? schedule.Domains[other].Vgpus : _domain.Vgpus }}");
        if (life.NamesOf is not null)
        {
            var incoming = Call("migrate");
            if (incoming.Status != 0 || life.EndsOffline)
                return;
            if (incoming.Output.Length > 0)
                Use(incoming.Output);
            var reserved = LifeOnRecord.Reserved(host, _domain);
            Thread.Sleep(life.Runs / 4);
            reserved.MustGoOn();
        }

        virsh.Run(_domain.Uuid, _xml);
        var isPrepared = Call("prepare").Status == 0;
        var prepared = isPrepared ? LifeOnRecord.Prepared(host, _domain) : null;
        var isStarted = isPrepared && Call("start").Status == 0;
        var nodes = new List<RawFile>();
        try
        {
            if (isStarted)
                BeAlive(nodes);
            earlier?.LetGo();
            prepared?.MustGoOn();
            End();
            if (nodes.Count > 0)
                Thread.Sleep(life.Holds);
        }
        finally
        {
            nodes.ForEach(node => node.Dispose());
        }

        strangers.Leave(_domain.Uuid, isNextLife: true);
    }

    private void BeAlive(List<RawFile> nodes)
    {
        race.Started();
        if (life.Holds > 0)
            nodes.AddRange(_devices.Select(Node).OfType<string>().Select(node => RawFile.Open(node, RawFile.ReadWrite)));
        Call("started");
        Thread.Sleep(life.Runs / 2);
        if (life.MeetsStranger && nodes.Count == 0)
            strangers.Replace(_domain.Uuid, _devices[0], life.StrangerStays);
        Thread.Sleep(life.Runs / 2);
    }

    private void End()
    {
        if (life.IsForgotten)
        {
            journal.Add(new Mark(_domain.Uuid, "died", _devices));
        }
        else
        {
            Call("stopped");
            Call("release");
        }

        virsh.End(_domain.Uuid);
    }

    private HookRun Call(string operation)
    {
        race.Called();
        journal.Add(new Mark(_domain.Uuid, operation, _devices));
        var call = host.Begin(operation, _domain.Name, _xml);
        var freeze = life.Freeze?.Operation == operation ? life.Freeze : null;
        if (freeze is not null)
            race.Freeze(_domain.Uuid, new FrozenProcess(freeze, call));
        var isKilled = life.Kill is { } kill && kill.Operation == operation;
        if (isKilled)
            Kill(call, life.Kill!);
        var run = call.End();
        journal.Add(new Mark(_domain.Uuid, operation, operation == "migrate" && run.Output.Length > 0 ? DevicesOf(run.Output) : _devices,
            run.Status));
        Check(operation, run, isKilled || freeze is not null);
        return run;
    }

    private void Check(string operation, HookRun run, bool isDisturbed)
    {
        var mayRefuse = operation is "prepare" or "start" or "migrate";
        if (isDisturbed && run.Status == 137)
            return;
        if (run.Status == 1 && mayRefuse)
            run.MustBeSentence($"'{_domain.Name}'");
        else if (run.Status != 0 || run.Errors.Length > 0 || (operation != "migrate" && run.Output.Length > 0))
            throw new InvalidOperationException($"{operation} ended with {run}");
        if (operation == "start" && run.Status == 1 && !isDisturbed)
            throw new InvalidOperationException($"a domain that was prepared was not started: {run.Errors}");
    }

    private static void Kill(HookProcess call, Kill kill)
    {
        Thread.Sleep(kill.After);
        if (kill.Victim == Victim.Hook)
            call.Kill();
        else if (ProcessTable.ChildOf(call.Id) is { } worker)
            ProcessTable.Signal("KILL", worker);
    }

    private void Use(string xml)
    {
        _xml = xml;
        _devices = DevicesOf(xml);
    }

    /// <summary>A device that has no node is one that a stranger took away.</summary>
    private string? Node(string device)
    {
        var bus = device.Contains(':', StringComparison.Ordinal) ? "pci" : "mdev";
        var group = new DirectoryInfo(host.InRoot($"sys/bus/{bus}/devices/{device}/iommu_group")).LinkTarget;
        return group is null ? null : host.InRoot($"dev/vfio/{Path.GetFileName(group)}");
    }

    private static ImmutableArray<string> DevicesOf(string xml) => [.. Declared().Matches(xml).Select(match => match.Groups[1].Value)];

    [GeneratedRegex("<mdev:hostdev (?:uuid|address)=['\"]([^'\"]+)")]
    private static partial Regex Declared();
}

using LibvirtMdevHook.Simulator.Tree;

namespace LibvirtMdevHook.Simulator.Faults;

/// <summary>The faults in force, and the actions that hang because of them.</summary>
internal sealed class FaultList(Gate gate)
{
    private readonly List<Fault> _faults = [];
    private readonly List<(string What, Action Go)> _held = [];

    public void Add(Fault fault) => _faults.Add(fault);

    /// <summary>Returns the first fault that an action hits; every fault that matches counts the action.</summary>
    public Fault? Next(Verb verb, string path, uint user)
    {
        var hits = _faults.FindAll(fault => fault.Hits(verb, path, user));
        return hits.Count > 0 ? hits[0] : null;
    }

    /// <summary>Executes <paramref name="act"/> now, later or not at all, as the fault says.</summary>
    public void Apply(Fault? fault, string what, Action act, Ending end)
    {
        if (fault is null)
            act();
        else if (fault.Hang)
            _held.Add((what, Go));
        else if (fault.Delay > TimeSpan.Zero)
            gate.After(fault.Delay, Go);
        else
            Go();
        void Go()
        {
            if (fault.Errno != Errno.None || fault.Ignore)
                end(fault.Errno);
            else
                act();
        }
    }

    /// <summary>Removes all faults and continues the actions that hang.</summary>
    public void Clear()
    {
        _faults.Clear();
        var actions = _held.ToArray();
        _held.Clear();
        foreach (var (_, go) in actions)
            go();
    }

    public IEnumerable<string> Describe() => _faults.Select(fault => fault.ToString())
        .Concat(_held.Select(action => $"hangs {action.What}"));
}

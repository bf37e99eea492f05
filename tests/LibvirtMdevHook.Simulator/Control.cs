using System.Text;
using LibvirtMdevHook.Simulator.Faults;
using LibvirtMdevHook.Simulator.Kernel;
using LibvirtMdevHook.Simulator.Tree;

namespace LibvirtMdevHook.Simulator;

/// <summary>The file 'control' at the top of the mount: each line that is written is a command; a read shows the state.</summary>
internal sealed class Control(Machine machine, FaultList faults) : TreeFile(0x180)
{
    private string? _error;

    public override bool Readable => true;

    public override bool Writable => true;

    public override bool Logged => false;

    public override byte[] Read()
    {
        var lines = machine.Describe().Concat(faults.Describe()).Concat(_error is null ? [] : [$"error {_error}"]);
        return Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => line + "\n")));
    }

    /// <summary>Executes the lines up to the first wrong one, which gives EINVAL; a read then says what was expected.</summary>
    public override void Write(byte[] data, int process, Ending end)
    {
        _error = TextOf(data).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(Obey).FirstOrDefault(sentence => sentence is not null);
        end(_error is null ? Errno.None : Errno.EINVAL);
    }

    private string? Obey(string line)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        switch (words)
        {
            case ["clear"]:
                faults.Clear();
                return null;
            case ["fault", .. var how]:
                var (fault, sentence) = FaultLine.Parse(how);
                if (fault is not null)
                    faults.Add(fault);
                return sentence;
            case ["vanish", var uuid]:
                var device = machine.Find(uuid);
                device?.Leave(TreeFile.NoProcess, () => { });
                return device is null ? $"No device '{uuid}'." : null;
            case ["enable-vfs" or "disable-vfs", var name]:
                return WithParent(name, parent => (parent as VfParent)?.EnableVfs(words[0] == "enable-vfs"));
            case ["clear-vf", var address]:
                var vf = machine.Parents.OfType<VfParent>().Select(parent => parent.Find(address)).OfType<SimulatedVf>().FirstOrDefault();
                vf?.Clear();
                return vf is null ? $"No VF '{address}'." : null;
            case ["register", var name]:
                return WithParent(name, parent => parent.Register());
            case ["unregister", var name]:
                return WithParent(name, parent => parent.Unregister());
            default:
                return $"'{line}' is no command, expected 'fault ...', 'clear', 'vanish UUID', 'register PARENT', "
                    + "'unregister PARENT', 'enable-vfs PF', 'disable-vfs PF' or 'clear-vf VF'.";
        }
    }

    private string? WithParent(string name, Action<SimulatedParent> action)
    {
        var parent = machine.Parents.FirstOrDefault(parent => parent.Description.Name == name);
        if (parent is null)
        {
            var names = machine.Parents.Select(known => $"'{known.Description.Name}'");
            return $"No parent '{name}', expected one of {string.Join(", ", names)}.";
        }

        action(parent);
        return null;
    }
}
